import pytest

from cmr_ssl.cli import main
from cmr_ssl.dicom.import_tables import write_tables
from cmr_ssl.journal import Record
from cmr_ssl.qc.imported import read_imported
from cmr_ssl.study import Finding
from tests.caches import record
from tests.qc.test_qc_writer import rows, table

RENAMED = Finding("wrong-name", "repaired", "la_2ch", "called 'x, y'", 30.0)
BLANK = Finding("missing-frames", "noted", "sa slice 3", "2 of 16 frames are missing", 2.0)
TORN = Finding("bad-archive", "rejected", "", "its end is missing")


@pytest.fixture
def folder(tmp_path):
    lost = Record("900000009", "rejected", "", "", [TORN])
    half = record("900000001", 0, ("la_2ch",), findings=[TORN, RENAMED, BLANK])
    clean = record("900000002", 5, ())
    write_tables(tmp_path / "nifti", {one.subject: one for one in (lost, half, clean)})
    return tmp_path / "nifti"


def test_what_the_import_wrote_is_read_again(folder):
    found = {one.subject: (one.status, one.findings) for one in read_imported(folder)}
    assert found == {"900000001": ("accepted", [TORN, RENAMED, BLANK]), "900000009": ("rejected", [TORN])}


def test_whom_the_import_rejected_has_a_row_although_no_cache_knows_it(folder, checked, tmp_path):
    out = tmp_path / "report"
    assert main(["qc", "--cache", str(checked), "--out", str(out), "--imported", str(folder)]) == 0
    assert rows(table(out), "subject", "view", "slice", "code", "decision") >= {
        ("900000009", "", -1, "bad-archive", "reject-subject"),
        ("900000001", "", -1, "bad-archive", "reject-plane"),  # the other archive is there
        ("900000001", "la_2ch", -1, "wrong-name", "accept"),
        ("900000001", "sa", 3, "missing-frames", "accept"),
    }


def test_a_folder_without_an_import_is_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"has no import\.csv: name the --out of an import"):
        read_imported(tmp_path)
