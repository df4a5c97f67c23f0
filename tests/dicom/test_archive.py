import os
import stat
import zipfile

import pytest

from cmr_ssl.dicom.archive import Limits
from cmr_ssl.dicom.archived_study import read_study
from tests.dicom.hostile import image, zip_bytes
from tests.dicom.test_hostile import assert_clean, read
from tests.dicoms import codes, unpacked, write_zip


def test_a_link_in_an_archive_is_not_followed(clean, tmp_path):
    path = write_zip(tmp_path / "a.zip", clean)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("link.dcm")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    study = read(path)
    assert_clean(study)
    assert codes(study.findings) == ["link"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_could_take_gigabytes_are_not_tried(method, clean, tmp_path):
    path = write_zip(tmp_path / "a.zip", clean)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("packed.dcm", image(), compress_type=method)
    study = read(path)
    assert_clean(study)
    assert codes(study.findings) == ["compression"]


def test_an_encrypted_file_is_not_opened(clean, tmp_path):
    data = zip_bytes({"secret.dcm": image()} | clean)
    at = data.index(b"PK\x01\x02")
    path = tmp_path / "a.zip"
    path.write_bytes(data[: at + 8] + b"\x01\x00" + data[at + 10 :])
    study = read(path)
    assert_clean(study)
    assert codes(study.findings) == ["encrypted"]


def test_a_file_with_a_wrong_checksum_is_not_used(clean, tmp_path):
    path = write_zip(tmp_path / "a.zip", clean)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") - 50] ^= 0xFF  # in the pixels of the last image
    path.write_bytes(data)
    study = read(path)
    assert codes(study.findings) == ["damaged-member", "missing-frames"]
    assert sum(int((~one.acquired).sum()) for one in study.series) == 1


def test_links_and_pipes_in_a_folder_are_not_followed(clean, tmp_path):
    folder, outside = unpacked(tmp_path / "a", clean), unpacked(tmp_path / "outside", {"other.dcm": image()})
    (folder / "file.dcm").symlink_to(outside / "other.dcm")
    (folder / "folder").symlink_to(outside)
    (folder / "round").symlink_to(folder)
    os.mkfifo(folder / "pipe.dcm")
    study = read(folder)
    assert_clean(study)
    assert [(found.code, found.value) for found in study.findings] == [("link", 4)]


def test_thousands_of_tiny_files_are_one_finding(clean, tmp_path):
    study = read(write_zip(tmp_path / "a.zip", clean | {f"{index}.txt": b"." for index in range(10_000)}))
    assert_clean(study)
    assert [(found.code, found.value) for found in study.findings] == [("not-dicom", 10_000)]


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ({"members": 10}, "bad-archive"),
        ({"total_bytes": 1000}, "bad-archive"),
        ({"member_bytes": 1000}, "too-large"),
        ({"pixel_bytes": 1000}, "too-many-pixels"),
        ({"seconds": -1.0}, "bad-archive"),
    ],
)
def test_limits_hold(limit, code, clean, tmp_path):
    study = read_study("900000001", [write_zip(tmp_path / "a.zip", clean)], Limits(**limit))
    assert not study.series
    assert code in codes(study.findings)
    assert any(found.severity == "rejected" for found in study.findings)
