import pytest

from cmr_ssl.dicom.ukb_zips import find_zips, holds_zips
from tests.dicoms import write_zip


def made(folder, *names):
    for name in names:
        write_zip(folder / name, {})
    return folder


def test_visits_are_subjects_and_a_second_archive_of_a_field_belongs_to_the_visit(tmp_path):
    made(tmp_path, "900000002_20208_2_0.zip", "900000001_20209_2_0.zip", "900000001_20209_2_1.zip")
    made(tmp_path, "900000001_20208_3_0.zip", "900000001_20210_2_0.zip", "notes.zip", "x900000003_20209_2_0.zip")
    source = find_zips(tmp_path)
    assert {subject: [path.name[10:-4] for path in source.archives(subject)] for subject in source.subjects()} == {
        "900000001": ["20209_2_0", "20209_2_1"],
        "900000001_3": ["20208_3_0"],
        "900000002": ["20208_2_0"],
    }


def test_zips_may_lie_in_folders_by_field_and_first_digits(tmp_path):
    made(tmp_path, "Short axis/90/900000001_20209_2_0.zip", "Long axis/90/900000001_20208_2_0.zip")
    made(tmp_path, "Short axis/91/910000001_20209_2_0.zip")
    source = find_zips(tmp_path)
    assert source.subjects() == ["900000001", "910000001"]
    assert len(source.archives("900000001")) == 2


def test_a_fingerprint_changes_with_the_files_and_only_then(tmp_path):
    made(tmp_path, "900000001_20209_2_0.zip", "900000002_20209_2_0.zip")
    source = find_zips(tmp_path)
    before = {subject: source.fingerprint(subject) for subject in source.subjects()}
    write_zip(tmp_path / "900000001_20209_2_0.zip", {"more": b"x"})
    assert source.fingerprint("900000001") != before["900000001"]
    assert source.fingerprint("900000002") == before["900000002"]


def test_folders_of_nifti_files_hold_no_zips(tmp_path):
    (tmp_path / "900000001").mkdir()
    (tmp_path / "900000001" / "sa.nii.gz").touch()
    assert not holds_zips(tmp_path)
    with pytest.raises(FileNotFoundError, match="holds no archive"):
        find_zips(tmp_path)
    assert holds_zips(made(tmp_path / "zips" / "90", "900000001_20209_2_0.zip").parent)


def test_a_link_to_an_archive_is_followed_and_one_to_nowhere_is_said(tmp_path):
    made(tmp_path / "store", "900000001_20209_2_0.zip")
    (tmp_path / "zips").mkdir()
    (tmp_path / "zips" / "900000001_20209_2_0.zip").symlink_to(tmp_path / "store" / "900000001_20209_2_0.zip")
    (tmp_path / "zips" / "900000001_20208_2_0.zip").symlink_to(tmp_path / "gone.zip")
    source = find_zips(tmp_path / "zips")
    assert source.fingerprint("900000001")
    (message,) = [found.message for found in source.read("900000001").findings if found.code == "bad-archive"]
    assert "gone.zip" in message


def test_linked_folders_are_named(tmp_path):
    made(tmp_path / "store" / "20209", "900000001_20209_2_0.zip")
    made(tmp_path / "zips" / "20208", "900000001_20208_2_0.zip")
    (tmp_path / "zips" / "20209").symlink_to(tmp_path / "store" / "20209")
    assert list(find_zips(tmp_path / "zips").unread()) == ["20209"]
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "20209").symlink_to(tmp_path / "store" / "20209")
    with pytest.raises(FileNotFoundError, match=r"only links \(20209\)"):
        find_zips(tmp_path / "links")
