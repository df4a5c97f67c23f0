import numpy as np
import pytest

from cmr_ssl.anatomy import UNLABELLED
from cmr_ssl.measures import regional
from cmr_ssl.phantom.cohort_spec import PRESETS
from cmr_ssl.volumes import measure
from experiments.measures.run import Drawn, draw, errors, measured
from experiments.measures.truth import exact

# mean absolute error against exact truth at pixels of 3.7 mm: unit is that of the measure
ALLOWED = {
    "wall thickness": 0.5,
    "wall thickening": 15.0,
    "circumferential strain, endocardial": 2.0,
    "circumferential strain, mid-wall": 1.5,
    "radial strain": 4.0,
    "long-axis strain": 3.0,
    "MAPSE": 0.8,
    "TAPSE": 1.3,
}


@pytest.fixture(scope="module")
def hearts() -> list[Drawn]:
    return [draw(index, PRESETS["small"], whole_beat=False) for index in (1, 2, 3)]


def test_synthetic_hearts_measure_what_they_are(hearts):
    found: dict[str, list[float]] = {}
    for heart in hearts:
        for (name, segment, _), (_, error) in errors(heart).items():
            found.setdefault(name, []).append(abs(error) if segment != "17" else 0.0)
    assert {name: float(np.mean(values)) for name, values in found.items() if np.mean(values) > ALLOWED[name]} == {}
    assert found.keys() == ALLOWED.keys()  # of two frames there are no rates


def test_every_measure_has_an_exact_truth_and_every_missing_value_a_reason(hearts):
    rows = measured(hearts[0])
    assert len({one[:3] for one in rows}) == len(rows)
    assert {one[:3] for one in rows} == exact(hearts[0].subject, hearts[0].world).keys()
    assert all(bool(one.reason) == np.isnan(one.value) for one in rows)


def test_without_label_maps_everything_is_missing_and_says_why(hearts):
    rows = regional({}, measure({}, np.nan), np.nan)
    assert [one[:3] for one in rows] == [one[:3] for one in measured(hearts[0])]
    assert all(np.isnan(one.value) and one.reason for one in rows)


def test_what_is_in_doubt_is_not_measured(hearts):
    maps = dict(hearts[0].maps)
    unsure = regional(maps, measure(maps, 60.0), 20.0, "how it lies is unknown")
    walls = [one for one in unsure if one.measure.startswith("wall") and one.segment != "17"]
    assert {one.reason for one in walls} == {"how it lies is unknown"}
    four = maps["la_4ch"]
    maps["la_4ch"] = four._replace(labels=np.concatenate([four.labels, four.labels[:1]]))
    (tapse,) = (one for one in regional(maps, measure(maps, 60.0), 20.0) if one.measure == "TAPSE")
    assert "3 frames" in tapse.reason
    maps["la_4ch"] = four._replace(labels=np.full_like(four.labels, UNLABELLED))
    (tapse,) = (one for one in regional(maps, measure(maps, 60.0), 20.0) if one.measure == "TAPSE")
    assert "no usable label map of la_4ch" in tapse.reason
