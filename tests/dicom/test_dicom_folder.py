import pytest

from cmr_ssl.dicom.dicom_folder import DicomFolder
from tests.dicoms import tiny, unpacked, view_files, write_zip


def test_every_sub_folder_and_zip_is_a_subject_whose_fingerprint_changes_with_its_files(tmp_path):
    write_zip(tmp_path / "b.zip", {})
    write_zip(tmp_path / "a.zip", {})
    (tmp_path / "a").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "notes.txt").touch()
    source = DicomFolder(tmp_path)
    assert source.subjects() == ["a", "b"]
    assert source.archives("a") == [tmp_path / "a", tmp_path / "a.zip"]
    before = source.fingerprint("a")
    (tmp_path / "a" / "new.dcm").touch()
    assert source.fingerprint("a") != before


def test_a_folder_of_dicom_files_is_one_subject(tmp_path):
    source = DicomFolder(unpacked(tmp_path, view_files(tiny("la_2ch"))))
    assert source.subjects() == [tmp_path.name]
    assert [one.view for one in source.read(tmp_path.name).series] == ["la_2ch"]


def test_nothing_to_import_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no sub-folder, zip or DICOM"):
        DicomFolder(tmp_path).subjects()
    with pytest.raises(FileNotFoundError, match="is no folder"):
        DicomFolder(tmp_path / "missing").subjects()


def test_links_are_named_with_what_they_point_to(tmp_path):
    unpacked(tmp_path / "elsewhere", view_files(tiny("la_2ch")))
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "there").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "source" / "gone.zip").symlink_to(tmp_path / "nowhere")
    source = DicomFolder(tmp_path / "source")
    assert list(source.unread()) == ["gone.zip", "there"]
    assert all("copy in its place" in found.message for found in source.unread().values())
    with pytest.raises(FileNotFoundError, match=r"\(gone.zip, there\).*is a link to"):
        source.subjects()


def test_packages_that_are_no_zips_are_named_and_what_a_mac_adds_is_not(tmp_path):
    write_zip(tmp_path / "a.ZIP", {})
    (tmp_path / "__MACOSX").mkdir()
    for name in ("b.tar.gz", "c.7z"):
        (tmp_path / name).touch()
    source = DicomFolder(tmp_path)
    assert source.subjects() == ["a"]
    assert [*source.unread()] == ["b.tar.gz", "c.7z"]
    assert all(found.code == "bad-archive" and "unpack it" in found.message for found in source.unread().values())
