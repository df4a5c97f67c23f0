import numpy as np
import pytest

from cmr_ssl.preparation.cavity import block_means, find_cavity, ranks
from cmr_ssl.preparation.heart_finder import find_heart
from tests.studies import AXES, CENTRE, long_axis, picture, series, short_axis

SHAPE = (72, 64, 9)
ASIDE = 45 * AXES[0]
ED_ES = [0.0, 0.4]


def two_balls(middle):
    """Return a stack whose picture lies around a point, with one heart at `CENTRE`, the same again aside."""
    one = series("sa", affine=short_axis(at=middle), phases=ED_ES)
    again = picture(one.affine, SHAPE, ED_ES, centre=CENTRE + 2 * ASIDE)
    nearer = (np.indices(SHAPE)[0] < (SHAPE[0] - 1) / 2)[..., None]  # columns run against the heart's x
    one.pixels = np.where(nearer, again, one.pixels)
    return one


def test_ranks_forget_how_an_image_was_scaled():
    images = np.random.default_rng(0).uniform(0, 1, (20, 18, 2, 2)).astype(np.float32)
    scaled = 300 * images ** np.array([0.5, 2.0]) + 7
    np.testing.assert_allclose(ranks(scaled), ranks(images), rtol=1e-6)
    assert ranks(np.zeros((4, 4, 1, 1), np.float32)).ravel() == pytest.approx(0.5)


def test_blocks_are_averaged_and_what_does_not_fill_one_is_left_out():
    pixels = np.arange(5 * 4).reshape(5, 4, 1, 1)
    np.testing.assert_allclose(block_means(pixels, np.array([2, 4]))[:, 0, 0, 0], [3.5, 11.5])


@pytest.mark.parametrize("away", [0 * ASIDE, 0.8 * ASIDE, -0.7 * ASIDE + 30 * AXES[1]])
def test_the_cavity_is_found_though_every_image_has_its_own_window_and_gamma(away):
    one = series("sa", affine=short_axis(at=CENTRE + away), phases=ED_ES)
    rng = np.random.default_rng(0)
    one.pixels = one.pixels ** rng.uniform(0.7, 1.4, (9, 2)) * rng.uniform(0.3, 3.0, (9, 2))
    found = find_cavity(one)
    assert np.linalg.norm(found.centre - CENTRE) < 6
    assert found.sure > 0.9


def test_of_two_that_look_alike_neither_is_certain_and_the_one_at_the_crossing_of_the_long_axes_is_taken():
    one = two_balls(CENTRE + ASIDE)
    assert find_cavity(one).sure < 0.65
    _, findings = find_heart([one])
    assert [(found.code, found.severity) for found in findings] == [("unsure-heart", "noted")]
    assert findings[0].value == pytest.approx(find_cavity(one).sure)
    for place in (CENTRE, CENTRE + 2 * ASIDE):
        crossing = [series(v, affine=long_axis(v, at=place), phases=ED_ES) for v in ("la_2ch", "la_4ch")]
        assert np.linalg.norm(find_cavity(one, place).centre - place) < 6
        assert find_heart([one, *crossing])[1] == []
