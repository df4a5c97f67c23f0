from pathlib import Path

import pytest

from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.commands.import_dicom import import_dicom
from cmr_ssl.commands.import_ukb import import_ukb
from cmr_ssl.dicom import importer
from tests.dicoms import write_ukb, write_zip


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_missing_folders_are_named():
    for run in (import_ukb, import_dicom):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            run(Path("nowhere"), Path("out"))


@pytest.mark.parametrize("inside", [".", "out", "deep/er"])
def test_nothing_is_written_among_what_is_read(inside, clean, tmp_path):
    write_zip(tmp_path / "source" / "here.zip", clean)
    write_ukb(tmp_path / "zips")
    for run, source in ((import_dicom, tmp_path / "source"), (import_ukb, tmp_path / "zips")):
        before = names_in(source)
        with pytest.raises(ValueError, match="lies in the folder that is read"):
            run(source, source / inside)
        assert names_in(source) == before


def test_a_study_is_withdrawn_by_the_name_of_any_of_its_folders():
    class Related(importer.DicomFolder):
        def archives(self, subject):
            return [Path("a"), Path("900000002_3")] if subject == "a" else [Path(subject)]

    gone = importer.with_same_study(Withdrawn(Path("w"), frozenset({"900000002"})), Related(Path()), ["a", "b"])
    assert [gone.includes(subject) for subject in ("a", "b")] == [True, False]
