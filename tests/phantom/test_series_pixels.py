import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from cmr_ssl.phantom.cohort_spec import Preset
from cmr_ssl.phantom.person import breath_scatter, build_world, draw_person, generators
from cmr_ssl.phantom.prescription import prescribe
from cmr_ssl.phantom.series_pixels import acquire, draw_shifts
from cmr_ssl.planes import normal, slice_affine, to_mm, to_pixels


@pytest.fixture(scope="module")
def calm():
    """A subject who holds the breath perfectly, at four frames of full resolution."""
    _, lying, scanning, _ = generators(4, 2)
    world = build_world(draw_person(4, 2, "normal"), Preset(4, 1), lying, scanning)
    plans = prescribe(scanning, world.scene.heart, world.placement, 1)
    return [acquire(scanning, world, plan, 0.0) for plan in plans]


def test_labels_agree_where_short_and_long_axis_cut_each_other(calm):
    stack, agreed, seen = calm[0], [], set()
    for view in calm[1:]:
        columns, rows, _ = view.plan.shape
        row, column = np.divmod(np.arange(columns * rows), columns)
        points = to_mm(view.plan.affine, np.stack([column, row], axis=1))
        for index in range(stack.plan.shape[2]):
            plane = slice_affine(stack.plan.affine, index)
            near = np.abs((points - plane[:3, 3]) @ normal(plane)) < 0.5
            at = np.rint(to_pixels(plane, points[near])).astype(int)
            inside = ((at >= 0) & (at < stack.plan.shape[:2])).all(axis=1)
            here = view.labels[:, 0].reshape(4, -1)[:, near][:, inside]
            there = stack.labels[:, index][:, at[inside, 1], at[inside, 0]]
            heart = (here > 0) | (there > 0)
            agreed.append((here == there)[heart])
            seen |= set(np.unique(here))
    agreement = np.concatenate(agreed)
    assert seen == set(range(6))
    assert len(agreement) > 2000
    assert agreement.mean() > 0.93


def test_only_the_heart_beats(study):
    for item in study.series:
        frames = item.pixels.astype(np.float32)
        noise = study.world.session.blood / study.world.session.snr
        moving = frames.std(axis=0) > 4 * noise
        heart = (item.labels > 0).any(axis=0)
        near = binary_dilation(heart, np.ones((3, 3, 3)), iterations=6)
        assert moving[heart].mean() > 0.02
        assert moving[~near].mean() < 1e-3


def test_breath_holds_shift_slices_as_often_as_in_uk_biobank(study):
    rng = np.random.default_rng(0)
    axes = study.world.placement.rotation[:, :2]
    scatter = [breath_scatter(rng, max(1.3, rng.normal(1.89, 0.22))) for _ in range(2000)]
    means = [np.linalg.norm(draw_shifts(rng, 11, breath) @ axes, axis=1).mean() for breath in scatter]
    assert np.mean(np.array(means) > 3.4) == pytest.approx(0.16, abs=0.03)
    assert np.median(means) == pytest.approx(2.05, abs=0.2)
