import numpy as np
import pytest
import torch

from cmr_ssl.inspection.calibration import calibrate, read_calibration, write_calibration
from cmr_ssl.inspection.plane_examination import PlaneExamination
from cmr_ssl.inspection.plane_measures import Delay, Displacement, Mistaken

CINE = torch.zeros(2, 4, 4)


def plane(kind="mid", subject="900000001", **measures):
    measures = {"error": 0.0, "shift": np.nan, "delay": 0.0, "view": np.nan} | measures
    moved, mistaken = Displacement(6.0, -8.0, 0.1), Mistaken("la_4ch", measures["view"])
    return PlaneExamination(subject, 0, "sa", kind, measures, moved, Delay(0.25, 0.1), mistaken, CINE, CINE)


def many(kind="mid"):
    return [plane(kind, str(900000000 + k), error=k / 100, delay=1.0) for k in range(101)]


def test_what_is_usual_is_the_median_and_the_upper_tail_from_which_scores_deviate_where_it_is_known():
    found = calibrate(many(), "abc")
    assert (found.model, found.subjects) == ("abc", 101)
    assert found.usual["mid"]["error"] == pytest.approx((0.5, 0.45 / 1.645))
    assert found.usual["mid"]["delay"] == (1.0, 1e-3)
    assert set(found.usual["mid"]) == {"error", "delay"}
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
