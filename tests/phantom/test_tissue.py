import numpy as np
import pytest

from cmr_ssl import anatomy
from cmr_ssl.phantom.pathology import DISEASES
from cmr_ssl.phantom.surfaces import volume_ml
from cmr_ssl.phantom.tissue import Background, classify, heart_box, locate, measure_depths, near_heart, paint_heart

STEP = np.array([1.8, 1.8, 0.7])


def fine_voxels(scene, frame):
    """Count classes on fine voxels, and voxels claimed by two chambers, both in mL."""
    axes = [np.arange(low, high, step) for low, high, step in zip(*heart_box(scene), STEP, strict=True)]
    x, y = (grid.ravel() for grid in np.meshgrid(axes[0], axes[1]))
    counts, twice = np.zeros(6), 0
    for z in axes[2]:
        sight = locate(scene, np.stack([x, y, np.full(x.size, z)], axis=1).astype(np.float32))
        depths = measure_depths(scene, sight, slice(frame, frame + 1))
        counts += np.bincount(classify(depths).ravel(), minlength=6)
        claims = [depths.epi > 0, (depths.rv_outer > 0) & (depths.rv_inner <= 0), depths.la > 0, depths.ra > 0]
        twice += int((np.sum(claims, axis=0) > 1).sum())
    return counts * STEP.prod() / 1e3, twice * STEP.prod() / 1e3


@pytest.mark.parametrize("name", DISEASES)
def test_fine_voxels_count_the_volumes_the_surfaces_promise(worlds, name):
    scene = worlds[name].scene
    heart = scene.heart
    frame = 0 if name in ("normal", "dilated", "af_like") else int(heart.beat.lv.argmin())
    counted, twice = fine_voxels(scene, frame)
    chambers = {anatomy.LV: heart.endo, anatomy.RV: heart.rv, anatomy.LA: heart.la, anatomy.RA: heart.ra}
    promised = {label: volume_ml(surface)[frame] for label, surface in chambers.items()}
    promised[anatomy.MYOCARDIUM] = volume_ml(heart.epi)[frame] - promised[anatomy.LV]
    for label, volume in promised.items():
        assert counted[label] == pytest.approx(volume, rel=0.015), anatomy.CLASSES[label]
    assert twice < 0.5


def test_blood_is_bright_muscle_dark_and_what_lies_far_away_untouched(worlds):
    scene = worlds["normal"].scene
    heart = scene.heart
    middle = 0.4 * float(heart.epi.bottom[0])
    wall = float(np.sqrt(heart.epi.square[0, 0, 38]) + np.sqrt(heart.endo.square[0, 0, 38])) / 2
    points = np.array([[0, 0, middle], [-wall, 0, middle], [0, 0, 200]], np.float32)
    sight = locate(scene, points)
    ground = Background(np.full(3, 0.1, np.float32), np.zeros(3, np.float32))
    first = slice(0, 1)
    blood, muscle, far = paint_heart(scene, sight, measure_depths(scene, sight, first), ground, first, 1.0)[0]
    assert blood > 0.85
    assert muscle == pytest.approx(scene.tissues.muscle, abs=0.02)
    assert far == pytest.approx(0.1)


@pytest.mark.parametrize("name", DISEASES)
def test_nothing_moves_where_the_heart_does_not_reach(worlds, name):
    scene = worlds[name].scene
    low, high = heart_box(scene)
    points = np.random.default_rng(0).uniform(low - 30, high + 30, (8000, 3)).astype(np.float32)
    far = points[~near_heart(scene, points)]
    sight = locate(scene, far)
    ground = Background(np.zeros(len(far), np.float32), np.zeros(len(far), np.float32))
    signal = paint_heart(scene, sight, measure_depths(scene, sight, slice(None)), ground, slice(None), 3.6)
    assert 2000 < len(far) < 7500
    assert np.ptp(signal, axis=0).max() < 2e-3
