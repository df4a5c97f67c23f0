import numpy as np
import pytest
import torch

from cmr_ssl.inspection.calibration import Calibration, Norm, calibrate, read_calibration, write_calibration
from cmr_ssl.inspection.flaw_score import SUSPECT, score_plane
from cmr_ssl.inspection.plane_examination import PlaneExamination, examine_heart
from cmr_ssl.inspection.plane_measures import Delay, Displacement, Mistaken
from tests.tiny import tiny_batch, tiny_task

CINE = torch.zeros(2, 4, 4)


def plane(kind="mid", subject="900000001", **measures):
    measures = {"error": 0.0, "shift": np.nan, "delay": 0.0, "view": np.nan} | measures
    moved, mistaken = Displacement(6.0, -8.0, 0.1), Mistaken("la_4ch", measures["view"])
    return PlaneExamination(subject, 0, "sa", kind, measures, moved, Delay(0.25, 0.1), mistaken, CINE, CINE)


def many(kind="mid"):
    return [plane(kind, str(900000000 + k), error=k / 100, delay=1.0) for k in range(101)]


def test_what_is_usual_is_the_median_and_how_far_the_upper_tail_goes():
    found = calibrate(many(), "abc")
    assert (found.model, found.subjects) == ("abc", 101)
    assert found.usual["mid"]["error"] == pytest.approx((0.5, 0.45 / 1.645))
    assert found.usual["mid"]["delay"] == (1.0, 1e-3)
    assert set(found.usual["mid"]) == {"error", "delay"}


def test_scores_are_deviations_and_unknown_where_nothing_is_known():
    found = calibrate(many(), "abc")
    scores = found.scores(plane(error=0.95, shift=3.0))
    assert scores["error"] == pytest.approx(1.645)
    assert np.isnan(scores["shift"])
    assert np.isnan([*found.scores(plane("la_2ch")).values()]).all()


def test_kinds_with_few_planes_are_left_out_and_nothing_is_learnt_from_few_studies():
    assert set(calibrate(many() + many("base")[:9], "abc").usual) == {"mid"}
    with pytest.raises(ValueError, match="9 studies are too few"):
        calibrate(many()[:9], "abc")


def test_a_calibration_comes_back_and_names_nobody(tmp_path):
    found, path = calibrate(many(), "abc"), tmp_path / "new" / "best.calibration.json"
    write_calibration(path, found)
    assert read_calibration(path, "abc") == found
    assert "9000000" not in path.read_text()


def test_a_calibration_that_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "best.calibration.json"
    with pytest.raises(FileNotFoundError, match="name a --cache of many studies once"):
        read_calibration(path, "abc")
    write_calibration(path, calibrate(many(), "abc"))
    with pytest.raises(ValueError, match="belongs to another checkpoint"):
        read_calibration(path, "xyz")
    for damaged in ("{", "[]", '{"model": "abc", "subjects": 3, "usual": {"mid": {"error": {"mean": 3}}}}'):
        path.write_text(damaged)
        with pytest.raises(ValueError, match="is no calibration"):
            read_calibration(path, "abc")


USUAL = Calibration("", 1, {"mid": {name: Norm(0.0, 0.1) for name in ("error", "shift", "delay", "view")}})


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
    usual = Calibration("", 1, {"mid": {"view": Norm(-2.0, 0.1), "delay": Norm(0.0, 1.0)}})
    assert score_plane(plane(view=-0.1), "", usual, np.nan).score == 0
    assert score_plane(plane(view=0.1), "", usual, np.nan).score == pytest.approx(21)


def test_a_plane_of_an_unknown_kind_is_not_judged():
    found = score_plane(plane("la_2ch"), "", USUAL, np.nan)
    assert np.isnan(found.score)
    assert not found.suspect
    assert "too few such planes" in found.why


def test_a_heart_is_examined_plane_by_plane_and_errors_are_relative_to_its_own():
    with torch.inference_mode():
        found = examine_heart(tiny_task(), tiny_batch(subjects=1), 8.0)
        assert (
            examine_heart(tiny_task(), tiny_batch(subjects=1)._replace(present=torch.zeros(1, 7, dtype=bool)), 8.0)
            == []
        )
    assert [one.kind for one in found] == ["la_2ch", "la_3ch", "la_4ch", "base", "mid", "mid", "apex"]
    assert np.median([one.measures["error"] for one in found]) == pytest.approx(0)
    for one in found:
        assert np.isnan(one.measures["shift"]) == (one.displacement is None) == (one.view != "sa")
        assert np.isnan(one.measures["view"]) == (one.mistaken is None) == (one.view == "sa")
