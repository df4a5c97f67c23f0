import csv

import numpy as np
import pytest

from cmr_ssl.commands.import_ukb import import_ukb
from cmr_ssl.dicom.archive import Limits
from cmr_ssl.dicom.archived_study import read_study
from cmr_ssl.dicom.file_issues import LOSSES
from cmr_ssl.planes import VIEWS
from tests.dicom.hostile import ARCHIVES, FILES, ODD_NAMES, PIXEL_FILES, UNSAFE_NAMES
from tests.dicoms import NAMES, codes, placed, tiny, uid, write_ukb, write_zip
from tests.studies import long_axis

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's and zipfile's, while the makers write


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def read(path):
    return read_study("900000001", [path], Limits())


def assert_clean(study):
    """The study is the clean one, whatever lay beside it."""
    assert [one.view for one in study.series] == list(VIEWS)
    for one in study.series:
        assert np.array_equal(one.pixels, tiny(one.view).pixels)
        assert one.acquired.all()
    assert all(found.severity == "noted" or found.code in LOSSES for found in study.findings)


def assert_sentences(findings):
    """Every finding is one line that a table can hold."""
    for found in findings:
        assert found.message.isprintable()
        assert len(found.message) < 400


ALONE = (None, "not-a-cine", "not-magnitude")  # codes of a series, in which files of one kind would count together
KINDS = {code: [name for name in FILES if FILES[name][1] == code] for _, code in FILES.values()}
SETS = [*([name] for code in ALONE for name in KINDS.pop(code)), *KINDS.values()]


@pytest.mark.parametrize("names", SETS, ids=lambda names: names[0])
def test_hostile_files_change_nothing_but_a_finding_that_counts_them(names, clean, tmp_path):
    hostile = {f"hostile {index}.dcm": FILES[name][0]() for index, name in enumerate(names)}
    study = read(write_zip(tmp_path / "a.zip", hostile | clean))
    assert_clean(study)
    assert_sentences(study.findings)
    code, (found,) = FILES[names[0]][1], study.findings
    assert code in (None, found.code)
    three = [name for name in names if name.startswith(("enhanced", "of_frames")) and code in ("no-place", "colours")]
    assert code in ALONE or found.value == len(names) + 2 * len(three), "each of their three frames counts"


def test_a_hostile_name_is_never_a_path(clean, tmp_path):
    study = read(write_zip(tmp_path / "a.zip", dict.fromkeys([*UNSAFE_NAMES, *ODD_NAMES], b"hostile") | clean))
    assert_clean(study)
    assert_sentences(study.findings)
    counts = {found.code: found.value for found in study.findings}
    assert counts == {"unsafe-name": len(UNSAFE_NAMES), "not-dicom": len(ODD_NAMES)}
    assert names_in(tmp_path) == ["a.zip"]


@pytest.mark.parametrize("make", PIXEL_FILES.values(), ids=PIXEL_FILES)
def test_pixels_that_cannot_be_read_cost_their_view_only(make, clean, tmp_path):
    values = placed(long_axis("la_2ch", (16, 16, 1), 7.5)) | {"AcquisitionTime": "235959"}
    bad = {f"{k}.dcm": make(SOPInstanceUID=uid(k), TriggerTime=str(k * 100), **values) for k in range(8)}
    kept = {file: data for file, data in clean.items() if NAMES["la_2ch"].encode() not in data}
    study = read(write_zip(tmp_path / "a.zip", bad | kept))
    assert_sentences(study.findings)
    assert codes(study.findings) == ["unreadable-image", "missing-frames"]
    assert study.findings[0].value == 8
    assert [one.view for one in study.series] == [view for view in VIEWS if view != "la_2ch"]
    assert all(one.acquired.all() for one in study.series)


@pytest.fixture(scope="module")
def imported(clean, tmp_path_factory):
    """Return the rows of an import of every hostile archive and one clean one, and the folder it was done in."""
    folder = tmp_path_factory.mktemp("hostile")
    write_ukb(folder / "zips", "900000000")
    for index, make in enumerate(ARCHIVES.values()):
        (folder / "zips" / f"{900000001 + index}_20209_2_0.zip").write_bytes(make(clean))
    assert import_ukb(folder / "zips", folder / "out") == 0
    with (folder / "out" / "import.csv").open(newline="") as table:
        return folder, {row["subject"]: row for row in csv.DictReader(table)}


@pytest.mark.parametrize(("index", "name"), list(enumerate(ARCHIVES, start=1)))
def test_a_hostile_archive_costs_one_row(index, name, imported):
    folder, rows = imported
    row = rows[f"{900000000 + index}"]
    assert row["status"] == "rejected", name
    assert row["reasons"].isprintable()
    assert "unexpected" not in row["reasons"], name
    assert not list((folder / "out").glob(f"{900000000 + index}/*.nii.gz"))


def test_hostile_archives_write_nothing_anywhere_else(imported):
    folder, rows = imported
    assert len(rows) == len(ARCHIVES) + 1
    assert rows["900000000"]["status"] == "accepted"
    assert sorted(names_in(folder)) == ["out", "zips"]
    written = {path.name for path in (folder / "out").iterdir()} - set(rows)
    assert written == {".import", "import.csv", "findings.csv"}
