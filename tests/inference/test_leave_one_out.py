import numpy as np
import pytest
import torch

from cmr_ssl.inference.leave_one_out import each_left_out, leave_one_out, positions, quality, region
from tests.caches import SIZE
from tests.oracle import Oracle, lit
from tests.tiny import PATCH, tiny_batch, tiny_task

PLACE = (10.0, -6.0, 8.0)


def oracle_task():
    task = tiny_task()
    task.decoder = Oracle(PLACE, PATCH)
    return task


def test_who_knows_the_truth_is_far_better_than_neighbours_and_every_plane_is_asked_for():
    rows = leave_one_out(oracle_task(), lit(tiny_batch(), Oracle(PLACE, PATCH)))
    assert len(rows) == 2 * 7
    assert [row["view"] for row in rows[:7]] == ["la_2ch", "la_3ch", "la_4ch", "sa", "sa", "sa", "sa"]
    assert [row["region"] for row in rows[:7]] == ["la_2ch", "la_3ch", "la_4ch", "base", "mid", "mid", "apex"]
    for row in rows:
        assert row["model_psnr"] > 60
        assert row["model_ssim"] == pytest.approx(1, abs=1e-4)
        assert row["nearest_psnr"] < 40
        assert row["interpolated_psnr"] < 45


def test_what_the_neighbours_say_does_not_depend_on_the_precision_of_the_model():
    task, batch = oracle_task(), lit(tiny_batch(subjects=1), Oracle(PLACE, PATCH))
    rows = leave_one_out(task, batch)
    with torch.autocast("cpu", torch.bfloat16):
        again = leave_one_out(task, batch)
    for row, other in zip(rows, again, strict=True):
        told = [name for name in row if name.startswith(("nearest", "interpolated"))]
        assert len(told) == 4
        assert [row[name] for name in told] == pytest.approx([other[name] for name in told], nan_ok=True)


def test_the_plane_itself_is_not_among_those_it_is_told_from():
    task, batch = tiny_task(), tiny_batch(subjects=1)
    with torch.inference_mode():
        plain = [one.predicted for one in each_left_out(task, batch)]
        for plane in range(7):
            painted = batch.images.clone()
            painted[:, plane] = 1 - painted[:, plane]
            told = [one.predicted for one in each_left_out(task, batch._replace(images=painted))]
            torch.testing.assert_close(told[plane], plain[plane], rtol=0, atol=0)
            assert not torch.allclose(told[plane - 1], plain[plane - 1])


def test_absent_planes_are_neither_shown_nor_asked_for_nor_are_lone_ones_and_blank_samples():
    task, batch = tiny_task(), tiny_batch(subjects=1)
    present = batch.present.clone()
    present[0, [0, 4]] = False
    painted = batch.images.clone()
    painted[:, [0, 4]] = 0.7
    rows = leave_one_out(task, batch._replace(present=present))
    assert len(rows) == 5
    again = leave_one_out(task, batch._replace(present=present, images=painted))
    assert [row["model_psnr"] for row in rows] == [row["model_psnr"] for row in again]
    alone = torch.arange(7)[None] == 3
    assert leave_one_out(task, batch._replace(present=alone)) == leave_one_out(task, batch._replace(subject=[""])) == []


def test_quality_by_hand():
    true = torch.rand(3, SIZE, SIZE, generator=torch.Generator().manual_seed(0)) * 0.5
    assert quality(true + 0.1, true).psnr == pytest.approx(20, abs=1e-3)
    assert quality(true, true).ssim == pytest.approx(1)
    assert np.isnan(quality(torch.full_like(true, torch.nan), true)).all()


def test_positions_run_from_base_to_apex_whatever_the_order():
    batch = tiny_batch(subjects=1)
    upside_down = batch._replace(affine=batch.affine.flip(1), view=batch.view.flip(1))
    assert positions(batch)[3:].tolist() == pytest.approx([1 / 8, 3 / 8, 5 / 8, 7 / 8])
    assert positions(upside_down)[:4].tolist() == pytest.approx([7 / 8, 5 / 8, 3 / 8, 1 / 8])
    assert positions(batch)[:3].isnan().all()


def test_thirds():
    names = [region("sa", position) for position in (0.04, 0.3, 0.5, 0.7, 0.96)]
    assert names == ["base", "base", "mid", "apex", "apex"]
    assert region("la_3ch", float("nan")) == "la_3ch"
