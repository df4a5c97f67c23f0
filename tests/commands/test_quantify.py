import csv
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from jsonargparse import auto_cli

from cmr_ssl import quantities
from cmr_ssl.commands.phantom import phantom
from cmr_ssl.commands.quantify import quantify
from cmr_ssl.sources.nifti_files import NiftiFiles
from cmr_ssl.volumes import grouped
from tests.runs import ROOT
from tests.studies import short_axis, write_image

SHARED = ROOT.parent / "shared" / "data"
SHAPE = (40, 36, 3, 4)
STACK = short_axis(SHAPE[:3], spacing=2.0)  # voxels of 2 x 2 x 10 mm: 25 make 1 mL
FIELD = "labels: [{view: sa, file: seg_sa.nii.gz, classes: {1: LV, 2: myocardium, 3: RV}}]"


@pytest.fixture(scope="module")
def cohort(hearts, tmp_path_factory) -> Path:
    """Return a synthetic cohort of three subjects, without the images: label maps are enough."""
    folder, others = tmp_path_factory.mktemp("labelled") / "cohort", [f"9000000{number:02}" for number in range(4, 11)]
    shutil.copytree(hearts / "cohort", folder, ignore=shutil.ignore_patterns("sa.nii.gz", "la_*.nii.gz", *others))
    assert phantom(out=folder, subjects=3, preset="small") == 0  # its tables are of those three
    return folder


def run(*arguments) -> int:
    return auto_cli(quantify, args=[str(argument) for argument in arguments], as_positional=False)


def table(path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"subject": str}).set_index("subject")


def stack(counts, myocardium=450, rv=(240, 300, 210, 150)):
    """A short axis with so many voxels of blood at each frame: a disc in a ring, and a box beside it, on 3 slices."""
    distance = np.hypot(*(np.indices(SHAPE[:2]) - np.array([26, 18])[:, None, None]))
    nearest = np.argsort(distance, axis=None, kind="stable")
    labels = np.zeros(SHAPE, np.uint8)
    for frame, count in enumerate(counts):
        plane = np.zeros(SHAPE[:2], np.uint8)
        plane.reshape(-1)[nearest[: (count + myocardium) // 3]] = 2
        plane.reshape(-1)[nearest[: count // 3]] = 1
        plane[4 : 4 + rv[frame] // 30, 13:23] = 3
        labels[..., frame] = plane[..., None]
    return labels


def filed(folder, subject, labels, **options):
    write_image(folder / subject / "seg_sa.nii.gz", labels, STACK, **options)


def test_the_columns_are_those_of_the_fields_formulas_on_the_written_labels(cohort, tmp_path):
    mapping = tmp_path / "field.yaml"
    mapping.write_text(
        FIELD[:-1] + ", {view: la_2ch, file: seg_la_2ch.nii.gz, classes: {1: LA}},"
        "{view: la_4ch, file: seg_la_4ch.nii.gz, classes: {1: LA, 2: RA}}]"
    )
    known = pd.read_csv(cohort / "phenotypes.csv", dtype={"eid": str}).set_index("eid")
    names = [name for name in known if name.startswith("UKB ")]
    for out, options in (("own.csv", ["--files", mapping]), ("first.csv", [])):
        assert run("--labels", cohort, "--out", tmp_path / out, *options) == 0
        measured = table(tmp_path / out)
        assert list(measured) == [name[4:] for name in names] + [
            *("Heart rate (bpm)", "ED frame", "ES frame", "Not measurable")
        ]
        assert list(measured.index) == list(known.index)
        values = measured[[name[4:] for name in names]].to_numpy()
        np.testing.assert_allclose(values, known[names].to_numpy(), atol=1.01e-4)
        np.testing.assert_allclose(measured["Heart rate (bpm)"], known["Heart rate (bpm)"], atol=1e-3)
        assert np.isfinite(values).mean() > 0.9


@pytest.mark.parametrize("workers", [1, 2])
def test_no_subject_disappears_and_each_says_what_is_wrong(tmp_path, capsys, workers, forked):
    folder = tmp_path / "in"
    filed(folder, "sound", stack([300, 750, 450, 150]))
    filed(folder, "still", stack([300, 0, 0, 0], myocardium=0, rv=(0, 0, 0, 0)), frame_ms=0.0)
    filed(folder, "strange", stack([300, 750, 450, 150]) * 2)
    filed(folder, "flat", stack([300, 750, 450, 150])[:, :, :1])
    filed(folder, "torn", stack([300, 750, 450, 150]))
    torn = folder / "torn" / "seg_sa.nii.gz"
    torn.write_bytes(torn.read_bytes()[:200])
    (folder / "empty").mkdir()
    assert run("--labels", folder, "--out", tmp_path / "out.csv", "--workers", workers) == 0
    rows = table(tmp_path / "out.csv")
    assert list(rows.index) == ["empty", "flat", "sound", "still", "strange", "torn"]
    assert rows["LVEF (%)"].dropna().index.tolist() == ["sound"]
    why = rows["Not measurable"]
    assert why["empty"].startswith("the folder holds none of ")
    assert why["flat"].startswith("sa: seg_sa.nii.gz of shape (40, 36, 1, 4) has 1 slices")
    assert why["strange"].startswith("sa: seg_sa.nii.gz holds the numbers 4, 6, which")
    assert why["torn"].startswith("sa: seg_sa.nii.gz cannot be read")
    assert "only one frame is labelled" in why["still"]
    assert "Heart rate (bpm): no label map tells" in why["still"]
    assert "LVEF (%)" not in why["sound"]
    assert "6 subjects in" in (said := capsys.readouterr().out)
    assert "0 complete, 4 with a problem" in said


def test_pictures_among_the_label_maps_are_refused(tmp_path):
    filed(tmp_path / "labels", "900000001", stack([1500, 1200, 900, 1200]))
    with pytest.raises(ValueError, match="lies in the folder that is read"):
        quantify(tmp_path / "labels", tmp_path / "v.csv", curves=tmp_path / "labels" / "curves")


def test_reasons_are_told_once_for_all_they_concern():
    reasons = {"": "a b", "sa": "torn\nfile", "LVEF (%)": "none", "RVEF (%)": "other", "LVM (g)": "none"}
    assert grouped(reasons) == ["a b", "sa: torn file", "LVEF (%), LVM (g): none", "RVEF (%): other"]


def test_a_table_or_pictures_that_are_there_stay_unless_asked(tmp_path):
    filed(tmp_path / "in", "x", stack([300, 750, 450, 150]))
    out, curves = tmp_path / "out.csv", tmp_path / "curves"
    out.write_text("mine")
    with pytest.raises(ValueError, match=r"out\.csv was made with .*--overwrite"):
        quantify(tmp_path / "in", out)
    assert out.read_text() == "mine"
    assert quantify(tmp_path / "in", out, overwrite=True) == 0
    assert len(table(out)) == 1
    curves.mkdir()
    (curves / "x.png").touch()
    with pytest.raises(ValueError, match="holds pictures"):
        quantify(tmp_path / "in", tmp_path / "new.csv", curves=curves)
    with pytest.raises(FileExistsError, match="is a folder"):
        quantify(tmp_path / "in", tmp_path)


def test_mistakes_are_told_before_the_work(tmp_path):
    filed(tmp_path / "in", "x", stack([300, 750, 450, 150]))
    with pytest.raises(ValueError, match="names no label map of sa, la_2ch, la_4ch"):
        quantify(tmp_path / "in", tmp_path / "out.csv", files=NiftiFiles(labels=[]))
    assert not (tmp_path / "out.csv").exists()


def test_a_place_that_takes_no_file_is_told_before_the_work(tmp_path, monkeypatch, capsys):
    filed(tmp_path / "in", "x", stack([300, 750, 450, 150]))
    monkeypatch.setattr(quantities, "quantify_subject", None)
    assert quantify(tmp_path / "in", tmp_path / "in" / "x" / "seg_sa.nii.gz" / "out.csv") == 1
    assert "cannot be written" in capsys.readouterr().err


def test_names_of_folders_survive_the_table(tmp_path):
    name = 'ü, "x"'
    filed(tmp_path / "in", name, stack([300, 750, 450, 150]))
    assert quantify(tmp_path / "in", tmp_path / "out.csv") == 0
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["subject"] for row in csv.DictReader(stream)] == [name]


def test_curves_are_drawn_of_every_heart_that_has_any(tmp_path, monkeypatch):
    drawn = {}
    painter = ModuleType("cmr_ssl.report.agreement_plots")
    painter.draw_curves = lambda path, curves, frame_ms, title: drawn.update({path: (curves, frame_ms, title)})
    monkeypatch.setitem(sys.modules, painter.__name__, painter)
    filed(tmp_path / "in", "timed", stack([300, 750, 450, 150]), frame_ms=250.0)
    filed(tmp_path / "in", "untimed", stack([300, 750, 450, 150]), frame_ms=0.0)
    (tmp_path / "in" / "nothing").mkdir()
    assert quantify(tmp_path / "in", tmp_path / "out.csv", curves=tmp_path / "curves") == 0
    assert [path.name for path in drawn] == ["timed.png", "untimed.png"]
    curves, frame_ms, title = drawn[tmp_path / "curves" / "timed.png"]
    np.testing.assert_allclose(curves["LV"], [12, 30, 18, 6])
    assert (frame_ms, title) == (pytest.approx(250), "timed")
    assert drawn[tmp_path / "curves" / "untimed.png"][1] is None


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real studies are not here")
def test_sunnybrook_gives_its_reference_volumes(tmp_path):
    mapping = ROOT / "configs" / "sources" / "sunnybrook.yaml"
    assert run("--labels", SHARED / "sunnybrook", "--files", mapping, "--out", tmp_path / "out.csv") == 0
    measured = table(tmp_path / "out.csv")
    known = pd.read_csv(SHARED / "sunnybrook" / "patients.csv").set_index("patient")
    assert len(measured) == 8
    for name, reference in (("LVEDV (mL)", "lv_edv_ml"), ("LVESV (mL)", "lv_esv_ml"), ("LVEF (%)", "lv_ef_percent")):
        np.testing.assert_allclose(measured[name], known.loc[measured.index, reference], atol=0.06)


def test_regional_measures_are_a_long_table_beside_the_other_and_are_resumed_with_it(cohort, tmp_path, capsys):
    out, regions = tmp_path / "out.csv", tmp_path / "regions.csv"
    arguments = ("--labels", cohort, "--out", out, "--regional", regions)
    assert run(*arguments) == 0
    first = regions.read_bytes()
    long = pd.read_csv(regions, dtype={"subject": str, "segment": str})
    assert set(long["subject"]) == set(table(out).index)
    assert not long.duplicated(["subject", "measure", "segment", "phase"]).any()
    assert (long["value"].isna() == long["reason"].notna()).all()
    walls = long[(long["measure"] == "wall thickness") & (long["phase"] == "ED")]
    assert set(walls["segment"]) == {str(number) for number in range(1, 18)}
    assert walls["value"].between(2, 20).mean() > 0.9
    capsys.readouterr()
    assert run(*arguments) == 0
    assert regions.read_bytes() == first


def test_a_long_table_replaces_nothing_unasked(tmp_path):
    filed(tmp_path / "in", "007", stack([300, 750, 450, 150]), frame_ms=250.0)
    regions = tmp_path / "regions.csv"
    regions.write_text("something else")
    with pytest.raises(ValueError, match="choose another --regional"):
        run("--labels", tmp_path / "in", "--out", tmp_path / "out.csv", "--regional", regions)
    assert regions.read_text() == "something else"
    with pytest.raises(ValueError, match="two tables"):
        run("--labels", tmp_path / "in", "--out", regions, "--regional", regions)
    with pytest.raises(FileExistsError, match="is a folder"):
        run("--labels", tmp_path / "in", "--out", tmp_path / "out.csv", "--regional", tmp_path)
