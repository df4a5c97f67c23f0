import numpy as np
import pytest

from cmr_ssl.planes import normal
from cmr_ssl.preparation.ventricles import USUAL_MM, middle_of_ventricles
from tests.right_ventricle import MIDDLE, with_right_ventricle
from tests.studies import AXES, CENTRE, series, short_axis

ED_ES = [0.0, 0.4]


def off(one, left=CENTRE, middle=MIDDLE):
    """Return how far, in the plane, the middle that is found lies from the true one."""
    away = middle_of_ventricles(one, left) - middle
    return float(np.linalg.norm(away - (away @ AXES[2]) * AXES[2]))


@pytest.mark.parametrize("first", ["base", "apex"])
@pytest.mark.parametrize("blood", [220, 300, 390])
def test_the_middle_of_both_ventricles_is_found_whatever_the_coils_make_of_the_right_one(first, blood):
    assert off(with_right_ventricle(series("sa", affine=short_axis(first=first), phases=ED_ES), blood)) < 5


def test_each_image_may_have_its_own_brightness():
    one = with_right_ventricle(series("sa", phases=ED_ES))
    expected = middle_of_ventricles(one, CENTRE)
    one.pixels = one.pixels * np.random.default_rng(0).uniform(0.5, 2.0, one.pixels.shape[2:])
    np.testing.assert_allclose(middle_of_ventricles(one, CENTRE), expected, atol=0.1)


def test_where_the_right_ventricle_lies_elsewhere_the_middle_follows_it():
    usual = middle_of_ventricles(with_right_ventricle(series("sa", phases=ED_ES)), CENTRE)
    below = CENTRE + 30 * AXES[0] - 45 * AXES[1]
    moved = middle_of_ventricles(with_right_ventricle(series("sa", phases=ED_ES), at=below), CENTRE)
    assert (moved - usual) @ AXES[1] < -2


def test_the_middle_lies_at_the_height_of_the_left_ventricle_and_a_place_outside_the_picture_stays():
    one = with_right_ventricle(series("sa", phases=ED_ES))
    across = normal(one.affine)
    assert (middle_of_ventricles(one, CENTRE) - CENTRE) @ across == pytest.approx(0, abs=1e-9)
    outside = CENTRE + 400 * AXES[0]
    np.testing.assert_array_equal(middle_of_ventricles(one, outside), outside)


def test_nothing_as_bright_as_blood_leaves_the_usual_middle():
    one = series("sa", phases=ED_ES)
    one.pixels = np.full_like(one.pixels, 100)
    away = AXES[:2] @ (middle_of_ventricles(one, CENTRE) - CENTRE)
    np.testing.assert_allclose(away, USUAL_MM, atol=1)
