import numpy as np
import pandas as pd
import pytest
import torch
from benchmarks.inspection import FAULTS, auroc, main, measured, rolled, scored, shifted, swapped

from cmr_ssl.inspection.calibration import Calibration
from tests.tiny import tiny_batch, tiny_task

HEART = tiny_batch(subjects=1)


def changed(faulty):
    return [int(k) for k in (faulty.heart.images != HEART.images).flatten(2).any(dim=2)[0].nonzero().flatten()]


def test_a_shifted_slice_moves_by_6_mm_and_its_affine_does_not():
    rows, columns = np.mgrid[:16, :16]
    blob = np.exp(-((rows - 7.5) ** 2 + (columns - 7.5) ** 2) / 8)
    heart = HEART._replace(images=torch.tensor(blob, dtype=torch.float32).expand(1, 7, 8, 16, 16).clone())
    for seed in range(5):
        found = shifted(heart, np.random.default_rng(seed), 3.0)
        (plane,) = found.planes
        assert plane >= 3
        light = found.heart.images[0, plane, 0].numpy()
        moved = np.array([(light * rows).sum(), (light * columns).sum()]) / light.sum() - 7.5
        assert np.hypot(*moved) * 3.0 == pytest.approx(6.0, abs=0.1)
        torch.testing.assert_close(found.heart.affine, heart.affine)


def test_a_rolled_plane_is_a_quarter_of_the_beat_late():
    found = rolled(HEART, np.random.default_rng(0), 3.0)
    assert changed(found) == found.planes
    (plane,) = found.planes
    torch.testing.assert_close(found.heart.images[0, plane, 2], HEART.images[0, plane, 0])


def test_two_views_change_places():
    found = swapped(HEART, np.random.default_rng(0), 3.0)
    assert changed(found) == sorted(found.planes)
    one, other = found.planes
    assert max(one, other) < 3
    torch.testing.assert_close(found.heart.images[0, one], HEART.images[0, other])
    assert swapped(tiny_batch(1, views=("la_2ch",)), np.random.default_rng(0), 3.0).planes == []


def test_auroc_by_hand():
    assert auroc(pd.Series([3.0, 1.0]), pd.Series([2.0, 0.0, np.nan])) == pytest.approx(5 / 6)
    assert auroc(pd.Series([1.0]), pd.Series([1.0])) == pytest.approx(0.5)


def test_the_table_sets_faulty_planes_against_the_same_kind_without_fault():
    rows = [{"fault": "", "subject": "a", "view": view, "faulty": False} for view in ("sa", "la_2ch")]
    rows += [{"fault": name, "subject": "a", "view": "sa", "faulty": faulty} for name in FAULTS for faulty in (1, 0)]
    planes = pd.DataFrame(rows).astype({"faulty": bool})
    scores = planes["faulty"] * 5.0 + (planes["view"] == "la_2ch") * 9.0
    found = list(measured(planes.assign(score=scores, shift_score=scores, delay_score=scores, view_score=-scores)))
    assert [row["AUROC"] for row in found] == [1.0, 0.5, 0.0]
    assert [row["AUROC of the measure made for it"] for row in found] == [1.0, 0.5, 1.0]
    assert [row["comes first in its study"] for row in found] == [1.0] * 3
    assert [row["false alarms"] for row in found] == [0.5] * 3


def test_planes_are_scored_under_their_view():
    heart, calibration = tiny_batch(subjects=1), Calibration("", 1, {})
    with torch.inference_mode():
        rows = list(scored(tiny_task(), heart, [4], calibration, 8.0))
    assert [row["view"] for row in rows] == ["la_2ch", "la_3ch", "la_4ch", *["sa"] * 4]
    assert [row["faulty"] for row in rows] == [False] * 4 + [True] + [False] * 2
    assert {"score", "error_score", "shift_score", "delay_score", "view_score"} < rows[0].keys()


def test_the_command_measures_a_cache_and_writes_its_table(finished_run, cache, tmp_path, monkeypatch, capsys):
    checkpoint, out = finished_run / "checkpoints" / "best.ckpt", tmp_path / "table.csv"
    options = ["--checkpoint", checkpoint, "--cache", cache, "--subjects", 3, "--usual", 12, "--out", out]
    monkeypatch.setattr("sys.argv", ["inspection", *map(str, options)])
    main()
    table = pd.read_csv(out).set_index("fault")
    assert list(table.index) == list(FAULTS)
    assert table["AUROC"].between(0, 1).all()
    assert table["faulty planes"].iloc[0] == 3
    assert "AUROC" in capsys.readouterr().out
