import csv
import errno
import os
from io import BytesIO

import pytest
from pydicom import dcmread

from cmr_ssl.cli import main
from cmr_ssl.commands.import_dicom import import_dicom
from cmr_ssl.dicom.importer import JOURNALS
from cmr_ssl.journal import RECORDS
from cmr_ssl.planes import VIEWS
from tests.dicoms import tiny, view_files, write_zip


def rows(out, name="import.csv"):
    with (out / name).open(newline="") as table:
        return list(csv.DictReader(table))


def subjects(out):
    return [row["subject"] for row in rows(out)]


def journal(out):
    return [line for path in (out / JOURNALS).glob(f"*/{RECORDS}") for line in path.read_text().splitlines()]


def test_a_subject_with_a_folder_a_slice_is_one_stack(tmp_path):
    slices = {}
    for name, data in view_files(tiny("sa"), "sf").items():
        place = str(dcmread(BytesIO(data), specific_tags=["ImagePositionPatient"]).ImagePositionPatient)
        folder = tmp_path / "train" / "1" / "study" / f"sax_{slices.setdefault(place, len(slices) + 5)}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"IM-4500-{name[-20:]}").write_bytes(data)
    assert len(slices) > 1
    assert import_dicom(tmp_path / "train", tmp_path / "out") == 0
    (row,) = rows(tmp_path / "out")
    assert (row["subject"], row["views"], row["status"]) == ("1", "sa", "accepted")


def test_any_folders_and_zips_of_dicom_are_imported(clean, tmp_path):
    source = tmp_path / "source"
    write_zip(source / "zipped.zip", clean)
    (source / "folder" / "deeper").mkdir(parents=True)
    for name, data in view_files(tiny("sa"), "whatever").items():
        (source / "folder" / "deeper" / name[-20:]).write_bytes(data)
    assert main(["import-dicom", "--source", str(source), "--out", str(tmp_path / "out")]) == 0
    views = {row["subject"]: row["views"] for row in rows(tmp_path / "out")}
    assert views == {"folder": "sa", "zipped": ",".join(VIEWS)}
    assert import_dicom(source / "folder" / "deeper", tmp_path / "one") == 0
    assert subjects(tmp_path / "one") == ["deeper"]


def test_links_have_a_row_that_says_what_to_do(clean, tmp_path):
    write_zip(tmp_path / "source" / "here.zip", clean)
    (tmp_path / "source" / "there").symlink_to(tmp_path)
    assert import_dicom(tmp_path / "source", tmp_path / "out") == 0
    statuses = {row["subject"]: row["status"] for row in rows(tmp_path / "out")}
    assert statuses == {"here": "accepted", "there": "rejected"}
    (link,) = [row for row in rows(tmp_path / "out", "findings.csv") if row["subject"] == "there"]
    assert link["code"] == "link"
    assert "put a copy" in link["message"]
    (tmp_path / "source" / "there").unlink()
    assert import_dicom(tmp_path / "source", tmp_path / "out") == 0
    assert subjects(tmp_path / "out") == ["here"]


def test_a_patients_own_folder_is_not_written_into(clean, tmp_path):
    write_zip(tmp_path / "patient" / "patient.zip", clean)
    with pytest.raises(ValueError, match="write among the files"):
        import_dicom(tmp_path / "patient", tmp_path)


def test_a_folder_that_cannot_be_listed_hides_no_files(clean, tmp_path, monkeypatch):
    (tmp_path / "source" / "a" / "deep").mkdir(parents=True)
    for name, data in clean.items():
        (tmp_path / "source" / "a" / "deep" / name).write_bytes(data)
    real = os.scandir

    def fail(path):
        if str(path).endswith("deep"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return real(path)

    with monkeypatch.context() as broken:
        broken.setattr("os.scandir", fail)
        assert import_dicom(tmp_path / "source", tmp_path / "out") == 1
    assert import_dicom(tmp_path / "source", tmp_path / "out") == 0
    assert rows(tmp_path / "out")[0]["status"] == "accepted"


def test_withdrawn_participants_are_not_imported_and_what_was_is_gone(clean, tmp_path, caplog):
    out = tmp_path / "out"
    for name in ("900000001", "900000002_3", "900000003"):
        write_zip(tmp_path / "source" / f"{name}.zip", clean)
    (tmp_path / "source" / "900000002").symlink_to(tmp_path)
    assert import_dicom(tmp_path / "source", out) == 0
    (tmp_path / "w.csv").write_text("900000002\n")
    assert import_dicom(tmp_path / "source", out, withdrawn=tmp_path / "w.csv") == 0
    assert subjects(out) == ["900000001", "900000003"]
    assert not (out / "900000002_3").exists()
    assert "900000002" not in "".join([*journal(out), (out / "findings.csv").read_text()])
    assert "1 journal entries and 3 rows of tables were removed" in caplog.text
    assert (tmp_path / "source" / "900000002_3.zip").is_file()  # what was handed over is not ours
