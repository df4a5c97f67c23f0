import math

import numpy as np
import pytest
import torch

from cmr_ssl.inspection.plane_measures import correlation, delay, displacement, gain, log_error, mistaken_views, peak
from tests.caches import SIZE
from tests.oracle import Oracle, lit
from tests.tiny import PATCH, tiny_batch, tiny_task

FRAMES = 16


def disc(column=0.0, row=0.0, late=0.0, size=48):
    """Return a soft disc that beats, (T, H, W), off the middle by so many pixels and late by a share of the beat."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    radius = 9 - 2 * np.cos(2 * np.pi * (np.arange(FRAMES) / FRAMES - late))
    away = np.hypot(x - column, y - row)
    return torch.tensor(1 / (1 + np.exp(away - radius[:, None, None])), dtype=torch.float32)


@pytest.mark.parametrize(("column", "row"), [(2.0, 0.0), (-1.0, 3.0), (0.4, -1.6)])
def test_a_shifted_plane_is_found_where_it_lies(column, row):
    found = displacement(disc(), disc(column, row), spacing_mm=3.0)
    assert (found.columns_mm, found.rows_mm) == pytest.approx((3 * column, 3 * row), abs=0.3)
    assert found.gain > 0.1


def test_a_plane_in_its_place_gains_nothing_however_bright_it_is():
    found = displacement(disc(), 0.2 + 0.5 * disc(), spacing_mm=3.0)
    assert found == pytest.approx((0, 0, 0), abs=1e-3)


@pytest.mark.parametrize(("late", "told"), [(0.25, 0.25), (-0.25, -0.25), (0.1, 0.1), (0.9, -0.1), (0.0, 0.0)])
def test_a_late_beat_is_told_by_how_much(late, told):
    found = delay(disc(), disc(late=late))
    assert found.beat == pytest.approx(told, abs=0.01)
    assert (found.gain > 0.1) == (told != 0)


def test_half_a_beat_is_late_or_early():
    assert abs(delay(disc(), disc(late=0.5)).beat) == pytest.approx(0.5, abs=0.01)


def test_errors_gains_and_the_top_of_a_parabola_by_hand():
    assert log_error(disc() + 0.1, disc()) == pytest.approx(math.log(0.01), abs=1e-3)
    assert np.isfinite(log_error(disc(), disc()))
    assert gain(torch.tensor(0.5), torch.tensor(0.75)) == pytest.approx(math.log(2))
    assert correlation(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([3.0, 2.0, 1.0])) == pytest.approx(-1)
    assert correlation(torch.ones(3), torch.tensor([3.0, 2.0, 1.0])) == 0
    top = 0.3
    assert peak(-((torch.tensor([-1.0, 0.0, 1.0]) - top) ** 2)) == pytest.approx(top)
    assert peak(torch.tensor([1.0, 2.0])) == 0.0
    assert peak(torch.ones(3)) == 0.0


@pytest.fixture(scope="module")
def oracle():
    task = tiny_task()
    task.decoder = Oracle((14.0, -9.0, 8.0), PATCH)
    return task


def test_swapped_views_are_mistaken_for_each_other_and_true_ones_are_not(oracle):
    heart = lit(tiny_batch(subjects=1), oracle.decoder)
    with torch.inference_mode():
        assert all(one.gain < 0 for one in mistaken_views(oracle, heart).values())
        images = heart.images.clone()
        images[0, 0], images[0, 2] = heart.images[0, 2], heart.images[0, 0]
        found = mistaken_views(oracle, heart._replace(images=images))
    assert (found[0].view, found[2].view) == ("la_4ch", "la_2ch")
    assert min(found[0].gain, found[2].gain) > 0 > found[1].gain


@pytest.mark.parametrize("gone", [[3, 4, 5, 6], [0, 1]])
def test_without_slices_or_with_one_view_nothing_is_mistaken(oracle, gone):
    heart = tiny_batch(subjects=1)
    present = heart.present.clone()
    present[0, gone] = False
    with torch.inference_mode():
        assert mistaken_views(oracle, heart._replace(present=present)) == {}
    assert heart.images.shape[-1] == SIZE
