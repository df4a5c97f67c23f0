import csv
import errno
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from safetensors.numpy import load_file

from cmr_ssl.cli import main
from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.commands.import_dicom import import_dicom
from cmr_ssl.commands.import_ukb import import_ukb
from cmr_ssl.commands.prepare import prepare
from cmr_ssl.dicom import archive, importer
from cmr_ssl.dicom.importer import JOURNALS
from cmr_ssl.journal import RECORDS
from cmr_ssl.lock import LOCK
from cmr_ssl.planes import VIEWS
from cmr_ssl.preparation.cache import subject_file
from cmr_ssl.preparation.preparation import Preparation
from tests.dicoms import FRAME_MS, tiny, view_files, write_ukb, write_zip
from tests.processes import group_is_alive, wait_until
from tests.runs import ROOT

IDS = [str(number) for number in range(900000001, 900000009)]


@pytest.fixture(scope="module")
def zips(tmp_path_factory):
    """Return a folder with the zips of eight participants, the last of whom came twice."""
    folder = write_ukb(tmp_path_factory.mktemp("zips"), IDS[0])
    for subject in IDS[1:]:
        for field in ("20208", "20209"):
            shutil.copy(folder / f"{IDS[0]}_{field}_2_0.zip", folder / f"{subject}_{field}_2_0.zip")
    for field in ("20208", "20209"):
        shutil.copy(folder / f"{IDS[0]}_{field}_2_0.zip", folder / f"{IDS[-1]}_{field}_3_0.zip")
    return folder


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def rows(out, name="import.csv"):
    with (out / name).open(newline="") as table:
        return list(csv.DictReader(table))


def subjects(out):
    return [row["subject"] for row in rows(out)]


def journal(out):
    return [line for path in (out / JOURNALS).glob(f"*/{RECORDS}") for line in path.read_text().splitlines()]


def test_archives_become_the_folders_other_tools_read(zips, tmp_path):
    assert main(["import-ukb", "--zips", str(zips), "--out", str(tmp_path / "out")]) == 0
    for view in VIEWS:
        image, truth = nib.load(tmp_path / "out" / IDS[0] / f"{view}.nii.gz"), tiny(view)
        assert image.get_data_dtype() == np.int16
        assert np.array_equal(np.asanyarray(image.dataobj), truth.pixels)
        assert image.affine == pytest.approx(truth.affine, abs=1e-3)
        assert image.header.get_zooms()[3] == pytest.approx(FRAME_MS / 1000)
        assert image.header.get_xyzt_units() == ("mm", "sec")
        assert b"SECRET" not in image.header.binaryblock
        assert not image.header.extensions


def test_a_repeat_visit_is_a_subject_of_its_own(zips, tmp_path):
    assert import_ukb(zips, tmp_path) == 0
    assert subjects(tmp_path) == [*IDS, f"{IDS[-1]}_3"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] == "9") == subjects(tmp_path)


def test_the_table_says_what_there_is(zips, tmp_path):
    assert import_ukb(zips, tmp_path) == 0
    assert rows(tmp_path)[0] == {
        "subject": IDS[0],
        "status": "accepted",
        "views": ",".join(VIEWS),
        "planes": "7",
        "sa_slices": "4",
        "frames": "8",
        "beat_ms": "800.0",
        "heart_rate_bpm": "75.0",
        "spacing_mm": "7.5000",
        "reasons": "",
    }
    assert rows(tmp_path, "findings.csv") == []


def test_a_second_run_does_nothing_again(zips, tmp_path, monkeypatch):
    assert import_ukb(zips, tmp_path) == 0
    before = journal(tmp_path)
    monkeypatch.setattr(importer, "import_subject", lambda *_: pytest.fail("it was done already"))
    assert import_ukb(zips, tmp_path) == 0
    assert journal(tmp_path) == before


def test_changed_archives_and_lost_folders_are_imported_again(zips, tmp_path):
    folder = shutil.copytree(zips, tmp_path / "zips")
    assert import_ukb(folder, tmp_path / "out") == 0
    write_zip(folder / f"{IDS[1]}_20208_2_0.zip", {})
    shutil.rmtree(tmp_path / "out" / IDS[2])
    assert import_ukb(folder, tmp_path / "out") == 0
    assert {row["subject"]: row["views"] for row in rows(tmp_path / "out")}[IDS[1]] == "sa"
    assert names_in(tmp_path / "out" / IDS[1]) == ["sa.nii.gz"]
    assert len(names_in(tmp_path / "out" / IDS[2])) == len(VIEWS)


def test_files_of_others_in_a_subjects_folder_stay(zips, tmp_path):
    (tmp_path / IDS[0]).mkdir()
    (tmp_path / IDS[0] / "seg_sa.nii.gz").write_bytes(b"mine")
    (tmp_path / IDS[0] / ".writing-7-sa.nii.gz").write_bytes(b"half")
    assert import_ukb(zips, tmp_path) == 0
    assert sorted(names_in(tmp_path / IDS[0])) == sorted([*(f"{view}.nii.gz" for view in VIEWS), "seg_sa.nii.gz"])


def test_shards_share_the_work_and_the_table(zips, tmp_path):
    for shard in range(3):
        assert import_ukb(zips, tmp_path, shard=shard, shards=3) == 0
    assert subjects(tmp_path) == [*IDS, f"{IDS[-1]}_3"]
    assert len(journal(tmp_path)) == len(IDS) + 1
    assert import_ukb(zips, tmp_path) == 0
    assert len(journal(tmp_path)) == len(IDS) + 1


@pytest.mark.parametrize("values", [{"workers": 0}, {"shard": 2, "shards": 2}, {"shard": -1}])
def test_counts_that_make_no_sense_are_refused(values, zips, tmp_path):
    with pytest.raises(ValueError, match=r"0 workers|no shard"):
        import_ukb(zips, tmp_path, **values)


def test_whatever_the_source_raises_becomes_a_row(zips, tmp_path, monkeypatch):
    def explode(*_):
        raise ZeroDivisionError("of the reader")

    monkeypatch.setattr("cmr_ssl.dicom.archived_study.choose_stacks", explode)
    assert import_ukb(zips, tmp_path) == 1
    assert {row["reasons"] for row in rows(tmp_path)} == {"unexpected ZeroDivisionError: of the reader"}


def test_a_folder_nobody_can_write_to_stops_the_run_in_one_sentence(zips, tmp_path, capsys):
    (tmp_path / "out").write_text("a file")
    assert import_ukb(zips, tmp_path / "out") == 1
    assert "Importing stopped" in capsys.readouterr().err


def test_any_folders_and_zips_of_dicom_are_imported(clean, tmp_path):
    source = tmp_path / "source"
    write_zip(source / "zipped.zip", clean)
    (source / "folder" / "deeper").mkdir(parents=True)
    for name, data in view_files(tiny("sa"), "whatever").items():
        (source / "folder" / "deeper" / name[-20:]).write_bytes(data)
    assert main(["import-dicom", "--source", str(source), "--out", str(tmp_path / "out")]) == 0
    assert {row["subject"]: row["views"] for row in rows(tmp_path / "out")} == {
        "folder": "sa",
        "zipped": ",".join(VIEWS),
    }
    assert import_dicom(source / "folder" / "deeper", tmp_path / "one") == 0
    assert subjects(tmp_path / "one") == ["deeper"]


def test_preparing_archives_is_preparing_their_nifti(zips, tmp_path):
    rough = Preparation(size=16, spacing_mm=7.5, frames=8)
    assert import_ukb(zips, tmp_path / "nifti") == 0
    assert prepare(tmp_path / "nifti", tmp_path / "one", preparation=rough) == 0
    assert prepare(zips, tmp_path / "other", preparation=rough) == 0
    for subject in (IDS[0], f"{IDS[-1]}_3"):
        one, other = (load_file(subject_file(tmp_path / cache, subject)) for cache in ("one", "other"))
        for name in one:
            assert one[name].astype(float) == pytest.approx(
                other[name].astype(float), abs=1.0 if name == "images" else 1e-3
            )


def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_there_twice(zips, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "cmr_ssl", "import-ukb", f"--zips={zips}", f"--out={out}", "--workers=2"]
    for lines in (1, 4):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True, cwd=ROOT) as running:
            wait_until(lambda lines=lines: len(journal(out)) >= lines)
            running.send_signal(signal.SIGKILL)
        wait_until(lambda group=running.pid: not group_is_alive(group))
    assert not (out / "import.csv").exists()
    assert import_ukb(zips, out) == 0
    assert subjects(out) == [*IDS, f"{IDS[-1]}_3"]
    assert len(journal(out)) == len(IDS) + 1
    left = {path.name for path in out.rglob("*") if path.is_file() and path.name[0] == "."} - {LOCK}
    assert not left
    for subject in subjects(out):
        assert np.array_equal(np.asanyarray(nib.load(out / subject / "sa.nii.gz").dataobj), tiny("sa").pixels)


def test_missing_folders_are_named():
    for run in (import_ukb, import_dicom):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            run(Path("nowhere"), Path("out"))


def test_links_have_a_row_that_says_what_to_do(clean, tmp_path):
    write_zip(tmp_path / "source" / "here.zip", clean)
    (tmp_path / "source" / "there").symlink_to(tmp_path)
    assert import_dicom(tmp_path / "source", tmp_path / "out") == 0
    assert {row["subject"]: row["status"] for row in rows(tmp_path / "out")} == {
        "here": "accepted",
        "there": "rejected",
    }
    (link,) = [row for row in rows(tmp_path / "out", "findings.csv") if row["subject"] == "there"]
    assert link["code"] == "link"
    assert "put a copy" in link["message"]
    (tmp_path / "source" / "there").unlink()
    assert import_dicom(tmp_path / "source", tmp_path / "out") == 0
    assert subjects(tmp_path / "out") == ["here"]


@pytest.mark.parametrize("inside", [".", "out", "deep/er"])
def test_nothing_is_written_among_what_is_read(inside, clean, tmp_path):
    write_zip(tmp_path / "source" / "here.zip", clean)
    write_ukb(tmp_path / "zips")
    for run, source in ((import_dicom, tmp_path / "source"), (import_ukb, tmp_path / "zips")):
        before = names_in(source)
        with pytest.raises(ValueError, match="lies in the folder that is read"):
            run(source, source / inside)
        assert names_in(source) == before


def test_a_patients_own_folder_is_not_written_into(clean, tmp_path):
    write_zip(tmp_path / "patient" / "patient.zip", clean)
    with pytest.raises(ValueError, match="write among the files"):
        import_dicom(tmp_path / "patient", tmp_path)


FAULTS = [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.ETIMEDOUT]


def failing(monkeypatch, where, code):
    """Let one way to read fail from the third time on, as disks do."""
    calls = iter(range(10**9))
    real = getattr(*where)

    def fail(*args, **options):
        if next(calls) >= 2:
            raise OSError(code, os.strerror(code), "a file")
        return real(*args, **options)

    monkeypatch.setattr(*where, fail)


@pytest.mark.parametrize("code", FAULTS)
@pytest.mark.parametrize("where", [(zipfile.ZipFile, "open"), (zipfile.ZipFile, "read"), (archive, "_check_directory")])
def test_errors_of_the_machine_stop_the_import_and_are_no_fault_of_the_data(
    where, code, zips, tmp_path, monkeypatch, capsys
):
    with monkeypatch.context() as broken:
        failing(broken, where, code)
        assert import_ukb(zips, tmp_path) == 1
    said = capsys.readouterr().err
    assert "Importing stopped" in said
    assert os.strerror(code) in said
    assert "cannot be written" not in said
    assert not [line for line in journal(tmp_path) if "rejected" in line]
    assert import_ukb(zips, tmp_path) == 0
    assert {row["status"] for row in rows(tmp_path)} == {"accepted"}


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


def test_files_that_change_under_the_reader_are_read_again_and_lose_nothing(zips, tmp_path, monkeypatch):
    folder = shutil.copytree(zips, tmp_path / "zips")
    assert import_ukb(folder, tmp_path / "out") == 0
    changed = folder / f"{IDS[1]}_20208_2_0.zip"
    whole = changed.read_bytes()
    changed.write_bytes(whole[:1000])  # as a download looks while it goes on
    real = importer.UkbZips.read

    def read(source, subject):
        study = real(source, subject)
        if subject == IDS[1]:
            changed.write_bytes(whole)
        return study

    with monkeypatch.context() as slow:
        slow.setattr(importer.UkbZips, "read", read)
        assert import_ukb(folder, tmp_path / "out") == 0
    assert len(names_in(tmp_path / "out" / IDS[1])) == len(VIEWS)
    assert {row["subject"]: row["status"] for row in rows(tmp_path / "out")}[IDS[1]] == "rejected"
    assert import_ukb(folder, tmp_path / "out") == 0
    assert {row["status"] for row in rows(tmp_path / "out")} == {"accepted"}


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


def test_a_study_is_withdrawn_by_the_name_of_any_of_its_folders():
    class Kin(importer.DicomFolder):
        def archives(self, subject):
            return [Path("a"), Path("900000002_3")] if subject == "a" else [Path(subject)]

    gone = importer.with_kin(Withdrawn(Path("w"), frozenset({"900000002"})), Kin(Path()), ["a", "b"])
    assert [gone.includes(subject) for subject in ("a", "b")] == [True, False]
