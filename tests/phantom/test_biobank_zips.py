import json

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from cmr_ssl.phantom.biobank_zips import ARCHIVES, FAULTS, visits, write_archives
from cmr_ssl.phantom.cohort_spec import CohortSpec
from cmr_ssl.phantom.cohort_writer import FOLLOW_UP, SESSIONS, TABLE, open_cohort, write_cohort, write_subject
from tests.phantom.exams import images

CLEAN = CohortSpec(7, "small", "mixed", "none")
FAULTY = CLEAN._replace(faults="default")
VISITED_TWICE = 5  # of seed 7


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("archives") / "archives"
    open_cohort(out, CLEAN, 1, overwrite=False, layout=ARCHIVES)
    assert list(write_cohort(out, CLEAN, 1, 1, ARCHIVES)) == [0, 1]
    return out


def test_a_visit_is_two_archives_beside_the_tables(written):
    names = {path.name for path in written.iterdir()}
    zips = {"900000001_20208_2_0.zip", "900000001_20209_2_0.zip"}
    assert names == zips | {"900000001.json", "phantom.json", TABLE, FAULTS, SESSIONS, FOLLOW_UP}
    assert list(pd.read_csv(written / TABLE)["eid"]) == [900000001]
    assert pd.read_csv(written / FAULTS).empty


def test_archives_show_what_the_generators_nifti_show(written, tmp_path):
    write_subject(tmp_path, CLEAN, 1)
    stack = nib.load(tmp_path / "900000001" / "sa.nii.gz")
    read = images((written / "900000001_20209_2_0.zip").read_bytes())
    pixels = np.stack([image.pixel_array for image in read]).reshape(*stack.shape[2:], *stack.shape[1::-1])
    np.testing.assert_array_equal(pixels.transpose(3, 2, 0, 1), np.asarray(stack.dataobj))
    corner = np.array(read[0].ImagePositionPatient) * [-1, -1, 1]
    np.testing.assert_allclose(corner, stack.affine[:3, 3], atol=1e-3)
    assert float(read[1].TriggerTime) / 1e3 == pytest.approx(stack.header.get_zooms()[3])


def test_a_finished_subject_is_not_written_again_and_another_writer_gives_the_same_bytes(written, tmp_path):
    stamps = {path.name: path.stat().st_mtime_ns for path in written.glob("*.zip")}
    assert list(write_cohort(written, CLEAN, 1, 1, ARCHIVES)) == [1]
    assert {path.name: path.stat().st_mtime_ns for path in written.glob("*.zip")} == stamps
    write_archives(tmp_path, CLEAN, 1)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (written / path.name).read_bytes()


def test_a_folder_of_archives_is_not_continued_as_nifti(written):
    with pytest.raises(ValueError, match="files 'archives', not None"):
        open_cohort(written, CLEAN, 1, overwrite=False)


def test_some_come_a_second_time_and_only_where_faults_are_asked_for():
    counts = [len(list(visits(FAULTY, index))) for index in range(1, 1001)]
    assert counts[VISITED_TWICE - 1] == 2
    assert set(counts) == {1, 2}
    assert 0.03 < np.mean(counts) - 1 < 0.07
    assert all(len(list(visits(CLEAN, index))) == 1 for index in range(1, 101))


def test_a_second_visit_shows_the_same_heart_anew_and_is_on_record(tmp_path):
    write_archives(tmp_path, FAULTY, VISITED_TWICE)
    record = json.loads((tmp_path / "900000005.json").read_text())
    assert ("repeat_visit", 3) in [(note["fault"], note["visit"]) for note in record["faults"]]
    first, second = (images((tmp_path / f"900000005_20208_{visit}_0.zip").read_bytes())[0] for visit in (2, 3))
    for name in ("PatientID", "NominalInterval"):
        assert first[name] == second[name]
    for name in ("StudyInstanceUID", "PixelData"):
        assert first[name] != second[name]
    assert first.StudyDate < second.StudyDate
