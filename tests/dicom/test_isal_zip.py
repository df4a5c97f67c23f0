import zipfile

import pytest

from cmr_ssl.dicom.isal_zip import read_member

CONTENT = b"systole and diastole " * 500


def archive_of(path, method, content=CONTENT):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("one.dcm", b"first")
        archive.writestr("two.dcm", content)
    return zipfile.ZipFile(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("content", [CONTENT, b""])
def test_members_are_what_zipfile_says(tmp_path, method, content):
    with archive_of(tmp_path / "a.zip", method, content) as archive:
        for info in archive.infolist():
            assert read_member(archive, info) == archive.read(info)
        assert read_member(archive, archive.infolist()[1]) == content  # and again: nothing of the directory was changed


@pytest.mark.parametrize(("field", "lie"), [("file_size", 100), ("file_size", 10**6), ("CRC", 1)])
def test_a_directory_that_lies_is_found_out(tmp_path, field, lie):
    with archive_of(tmp_path / "a.zip", zipfile.ZIP_DEFLATED) as archive:
        info = archive.infolist()[1]
        setattr(info, field, lie)
        with pytest.raises(zipfile.BadZipFile, match=r"two\.dcm is not what its checksum says"):
            read_member(archive, info)


def test_damaged_bytes_are_one_sentence(tmp_path):
    with archive_of(tmp_path / "a.zip", zipfile.ZIP_DEFLATED) as archive:
        start = archive.infolist()[1].header_offset + 30 + len("two.dcm")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[start : start + 8] = b"\xff" * 8
    (tmp_path / "a.zip").write_bytes(data)
    with (
        zipfile.ZipFile(tmp_path / "a.zip") as archive,
        pytest.raises(zipfile.BadZipFile, match=r"two\.dcm cannot be inflated"),
    ):
        read_member(archive, archive.infolist()[1])
