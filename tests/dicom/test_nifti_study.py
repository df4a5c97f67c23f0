from cmr_ssl.dicom.nifti_study import write_study
from cmr_ssl.study import Study
from tests.dicoms import tiny


def test_views_that_are_gone_and_halves_go_and_files_of_others_stay(tmp_path):
    write_study(tmp_path, Study("1", [tiny("sa"), tiny("la_2ch")]))
    (tmp_path / "seg_sa.nii.gz").write_bytes(b"mine")
    (tmp_path / ".writing-7-sa.nii.gz").write_bytes(b"half")
    write_study(tmp_path, Study("1", [tiny("sa")]))
    assert {path.name for path in tmp_path.iterdir()} == {"sa.nii.gz", "seg_sa.nii.gz"}
