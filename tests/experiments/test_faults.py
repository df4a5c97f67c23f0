import numpy as np
import pytest
import torch

from experiments.faults import rolled, shifted, swapped
from tests.tiny import tiny_batch

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
