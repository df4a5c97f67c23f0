import json
import shutil
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from cmr_ssl.anatomy import LABEL_FILES
from cmr_ssl.phantom import cohort_writer as cohort
from cmr_ssl.phantom.cohort_spec import CohortSpec
from cmr_ssl.phantom.cohort_writer import (
    ROW,
    SESSION,
    SESSIONS,
    SETTINGS,
    TABLE,
    open_cohort,
    write_cohort,
    write_subject,
)
from cmr_ssl.phantom.scanner import Scanner
from cmr_ssl.volumes import LabelMap, measure

ORDER = CohortSpec(7, "small", "mixed", "none")


def write(folder, order=ORDER, workers=1):
    open_cohort(folder, order, 2, overwrite=False)
    return list(write_cohort(folder, order, 2, workers))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("cohort") / "cohort"
    assert write(out) == [0, 1, 2]
    return out


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_cohort_is_filed_as_the_field_files_it(written):
    names = {path.name.removesuffix(".nii.gz") for path in (written / "900000001").glob("*.nii.gz")}
    views = {"sa", "la_2ch", "la_3ch", "la_4ch"}
    assert names == views | {f"seg6_{view}" for view in views} | {"seg_sa", "seg_la_2ch", "seg_la_4ch", "seg4_la_4ch"}
    assert list(pd.read_csv(written / TABLE)["eid"]) == [900000001, 900000002]


def as_filed(folder, stem, numbering):
    image = nib.load(folder / f"{stem}.nii.gz")
    numbers = np.asarray(image.dataobj).T
    labels = np.zeros(numbers.shape, np.uint8)
    for number, value in numbering.items():
        labels[numbers == number] = value
    return LabelMap(labels, image.affine), image.header.get_zooms()[3]


def test_the_fields_formulas_on_the_fields_own_files_give_the_tables_columns(written):
    table = pd.read_csv(written / TABLE).set_index("eid")
    for eid, line in table.iterrows():
        stems = ("seg_sa", "seg_la_2ch", "seg_la_4ch")
        filed = {LABEL_FILES[stem][0]: as_filed(written / str(eid), stem, LABEL_FILES[stem][1]) for stem in stems}
        stack, frame_s = filed["sa"]
        measured = measure({view: one for view, (one, _) in filed.items()}, 60 / (len(stack.labels) * frame_s))
        assert not measured.reasons
        told = {name.removeprefix("UKB "): line[name] for name in table.columns if name.startswith("UKB ")}
        assert measured.values == pytest.approx(told, rel=1e-5, abs=1e-4)


def test_another_generators_cohort_is_not_continued(written, tmp_path):
    settings = json.loads((written / SETTINGS).read_text())
    (tmp_path / SETTINGS).write_text(json.dumps(settings | {"generator": 1}))
    with pytest.raises(ValueError, match="generator 1, not 2"):
        open_cohort(tmp_path, ORDER, 1, overwrite=False)


def test_a_subject_is_the_same_bytes_whoever_writes_it(written, tmp_path, forked):
    write(tmp_path, workers=2)
    assert contents(tmp_path / "900000002") == contents(written / "900000002")
    assert (tmp_path / TABLE).read_bytes() == (written / TABLE).read_bytes()


def test_a_killed_run_continues_and_leaves_nothing_half_written(written, tmp_path):
    out = tmp_path / "cohort"
    shutil.copytree(written, out)
    shutil.rmtree(out / "900000002")
    (out / ".writing-900000002").mkdir()
    (out / ".writing-900000002" / "sa.nii.gz").write_bytes(b"half")
    stamp = (out / "900000001" / ROW).stat().st_mtime_ns
    assert write(out) == [1, 2]
    assert (out / "900000001" / ROW).stat().st_mtime_ns == stamp
    assert not list(out.glob(".writing-*"))
    assert contents(out / "900000002") == contents(written / "900000002")


def test_a_subject_that_fails_leaves_no_trace(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(cohort, "write_series", fail)
    open_cohort(tmp_path, ORDER, 1, overwrite=False)
    with pytest.raises(OSError, match="no space"):
        write_subject(tmp_path, ORDER, 1)
    assert {path.name for path in tmp_path.iterdir()} == {SETTINGS}


def test_a_folder_that_holds_something_else_is_refused_even_to_overwrite(tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(ValueError, match="holds no synthetic cohort"):
            open_cohort(tmp_path, ORDER, 1, overwrite)


def test_other_settings_are_refused_with_the_difference_and_replaced_when_asked(tmp_path):
    open_cohort(tmp_path, ORDER, 1, overwrite=False)
    (tmp_path / "900000001").mkdir()
    (tmp_path / "mine.txt").write_text("kept")
    other = ORDER._replace(seed=8)
    with pytest.raises(ValueError, match="seed 7, not 8"):
        open_cohort(tmp_path, other, 1, overwrite=False)
    open_cohort(tmp_path, other, 1, overwrite=True)
    assert not (tmp_path / "900000001").exists()
    assert (tmp_path / "mine.txt").read_text() == "kept"
    assert json.loads((tmp_path / SETTINGS).read_text())["seed"] == 8


def test_too_little_space_is_said_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(cohort.shutil, "disk_usage", lambda _: SimpleNamespace(free=100 * 10**6))
    open_cohort(tmp_path / "small", ORDER, 3, overwrite=False)
    with pytest.raises(ValueError, match="3 subjects need about 210 MB, but only 100 MB are free"):
        open_cohort(tmp_path / "full", ORDER._replace(preset="full"), 3, overwrite=False)
    assert not (tmp_path / "full" / SETTINGS).exists()


def test_a_cohort_in_another_scanner_is_the_same_people_and_a_table_says_which_scanner_it_was(written, tmp_path):
    write(tmp_path, ORDER._replace(scanner=Scanner("other", snr=(9.0, 12.0))))
    one, other = contents(written / "900000002"), contents(tmp_path / "900000002")
    images = {f"{view}.nii.gz" for view in ("sa", "la_2ch", "la_3ch", "la_4ch")}
    assert {name for name in one | other if one.get(name) != other.get(name)} == images | {SESSION}
    assert (tmp_path / TABLE).read_bytes() == (written / TABLE).read_bytes()
    assert list(pd.read_csv(written / SESSIONS)["Scanner"]) == ["default", "default"]
    sessions = pd.read_csv(tmp_path / SESSIONS)
    assert list(sessions["Scanner"]) == ["other", "other"]
    assert sessions["SNR"].between(9.0, 12.0).all()
    with pytest.raises(ValueError, match=r"scanner.name 'other', not None, scanner.snr \[9.0, 12.0\], not None"):
        open_cohort(tmp_path, ORDER, 2, overwrite=False)
    assert "scanner" not in (written / SETTINGS).read_text()  # so that older cohorts are continued
