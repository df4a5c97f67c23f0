import numpy as np
import pytest

from cmr_ssl.inspection.calibration import Calibration, Usual
from cmr_ssl.inspection.flaw_score import SUSPECT, score_plane
from tests.inspection.test_calibration import plane

USUAL = Calibration("", 1, {"mid": {name: Usual(0.0, 0.1) for name in ("error", "shift", "delay", "view")}})


@pytest.mark.parametrize(
    ("measures", "score", "why"),
    [
        ({"error": 0.2, "shift": 0.1}, 2, ""),
        ({"error": np.log(2.0)}, 6.93, "the rest of the heart tells it 2.0 times worse than is usual for such a plane"),
        ({"shift": 1.0}, 10, "it lies 10 mm off: +6 mm along columns, -8 mm along rows"),
        ({"delay": 1.0}, 10, "it beats 25% of a beat, 200 ms, later than the rest"),
        ({"view": 1.0}, 10, "it shows what la_4ch should show"),
        ({"view": -0.2}, 0, ""),
    ],
)
def test_the_most_unusual_measure_counts_and_says_why(measures, score, why):
    found = score_plane(plane(**measures), "sa 3", USUAL, 800.0)
    assert (found.title, found.why) == ("sa 3", why)
    assert found.score == pytest.approx(score, abs=0.01)
    assert found.suspect == (score > SUSPECT)


def test_all_that_is_unusual_is_said_and_what_says_most_comes_first():
    found = score_plane(plane(error=0.9, view=1.0, delay=0.5), "", USUAL, np.nan)
    first, second, third = found.why.split("; ")
    assert (first, second) == ("it shows what la_4ch should show", "it beats 25% of a beat later than the rest")
    assert third.startswith("the rest of the heart tells it")


def test_a_view_that_fits_its_own_plane_best_is_not_mistaken_however_unusual():
    usual = Calibration("", 1, {"mid": {"view": Usual(-2.0, 0.1), "delay": Usual(0.0, 1.0)}})
    assert score_plane(plane(view=-0.1), "", usual, np.nan).score == 0
    assert score_plane(plane(view=0.1), "", usual, np.nan).score == pytest.approx(21)


def test_a_plane_of_an_unknown_kind_is_not_judged():
    found = score_plane(plane("la_2ch"), "", USUAL, np.nan)
    assert np.isnan(found.score)
    assert not found.suspect
    assert "too few such planes" in found.why
