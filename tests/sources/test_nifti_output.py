import gzip

import nibabel as nib
import numpy as np
import pytest

from cmr_ssl.planes import spacing
from cmr_ssl.sources.nifti_output import write_image
from tests.inference.test_acquired_grid import ORIENTATIONS, acquired, blobs
from tests.studies import series


@pytest.mark.parametrize("name", ["seg_sa.nii.gz", "seg_sa.nii"])
def test_a_written_file_says_what_it_is_and_where_it_lies(tmp_path, name):
    where = acquired(ORIENTATIONS[1], step=(1.5, 2.0))
    path = tmp_path / "new" / name
    write_image(path, blobs(where.pixels.shape), where.affine, 31.5, "cmr_ssl prediction")
    image = nib.load(path)
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), blobs(where.pixels.shape))
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_allclose(image.get_sform(), where.affine, atol=1e-4)
    np.testing.assert_allclose(image.get_qform(), where.affine, atol=1e-3)
    assert (image.header["sform_code"], image.header["qform_code"]) == (1, 1)
    np.testing.assert_allclose(image.header.get_zooms(), [*spacing(where.affine), 10.0, 0.0315], rtol=1e-6)
    assert image.header.get_xyzt_units() == ("mm", "sec")
    assert image.header["descrip"] == b"cmr_ssl prediction"
    assert [file.name for file in path.parent.iterdir()] == [name]


def test_the_same_labels_are_the_same_file_of_a_nifti_name_and_an_unknown_duration_is_zero(tmp_path):
    one = series("sa", frames=2)
    for name in ("a.nii.gz", "b.nii.gz"):
        write_image(tmp_path / name, blobs(one.pixels.shape), one.affine, float("nan"), "cmr_ssl prediction")
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    assert nib.load(tmp_path / "a.nii.gz").header["pixdim"][4] == 0
    assert gzip.decompress((tmp_path / "a.nii.gz").read_bytes())[344:347] == b"n+1"
    with pytest.raises(ValueError, match=r"labels\.png is no name"):
        write_image(tmp_path / "labels.png", np.zeros((4, 4, 1, 1), np.uint8), np.eye(4), 30.0, "cmr_ssl prediction")
