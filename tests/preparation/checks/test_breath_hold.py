import numpy as np
import pytest

from cmr_ssl.preparation.checks.breath_hold import APART, blurring, echoes, prominence
from cmr_ssl.preparation.checks.limits import LIMITS
from cmr_ssl.preparation.checks.prepared_planes import PreparedPlanes
from tests.preparation.checks.synthetic_planes import subject, values

LIMIT = LIMITS["blurred"].value


def textured(planes) -> PreparedPlanes:
    """Return a scene whose planes show as many fine details as a real chest, each its own."""
    made = subject()
    details = np.random.default_rng(0).normal(0, 30, (len(made.view), 1, *made.images.shape[2:]))
    images = made.images / 2 + 60 + details
    for plane, step in planes.items():
        images[plane] = 0.6 * images[plane] + 0.2 * sum(np.roll(images[plane], way, axis=1) for way in (step, -step))
    return PreparedPlanes(made._replace(images=images.clip(0, 255).astype(np.uint8)))


@pytest.mark.parametrize("shift", APART[1:])
def test_an_echo_is_seen_at_its_distance_and_in_its_direction(shift):
    picture = np.random.default_rng(1).normal(100, 20, (64, 64)).astype(np.float32)
    doubled = picture + 0.5 * np.roll(picture, shift, axis=0)
    found = echoes(doubled)
    assert np.unravel_index(found.argmax(), found.shape) == (0, APART.index(shift))
    assert found.max() == pytest.approx(0.4, abs=0.05)  # 0.5 / (1 + 0.5 ** 2)
    np.testing.assert_allclose(echoes(doubled.T), found[::-1], atol=1e-5)


@pytest.mark.parametrize("plane", [4, 9])
@pytest.mark.parametrize("step", APART[1:-1])
def test_a_plane_that_moved_is_found_and_no_other(plane, step):
    scene = textured({plane: step})
    found = {measure.plane: measure.value for measure in blurring(scene)}
    assert len(found) == len(scene.images)
    assert {index for index, value in found.items() if value > LIMIT} == {plane}


def test_an_echo_stands_out_only_from_what_lies_beside_it_and_one_grey_has_none():
    decaying = np.array([[0.7, 0.5, 0.4, 0.3, 0.2], [0.0, 0.0, 0.0, 0.0, 0.0]])
    assert prominence(decaying) < 0.05
    assert prominence(decaying + [[0, 0, 0.3, 0, 0], [0, 0, 0, 0, 0]]) == pytest.approx(0.6)
    assert prominence(np.array([[0.0, 0.3, 0.0, 0.0, 0.0]] * 2)) == pytest.approx(0.3)
    assert not echoes(np.full((32, 32), 7.0, np.float32)).any()


def test_a_single_slice_is_compared_with_nothing():
    scene = PreparedPlanes(subject(stack=np.array([0.0])))
    assert {view for view, _ in values(blurring(scene), "blurred")} == {"la_2ch", "la_3ch", "la_4ch"}
