from datetime import datetime

import numpy as np
import pytest

from cmr_ssl.phantom.examination import draw_starts, long_axis_cines, short_axis_cines
from tests.phantom.exams import AFFINE, EXAM, series, view


def test_the_short_axis_is_one_series_a_slice_numbered_from_the_base_after_the_long_axis():
    cines = short_axis_cines(series())
    assert [cine.description for cine in cines] == [f"CINE_segmented_SAX_b{number}" for number in (1, 2, 3)]
    assert len({cine.series for cine in cines}) == 3
    assert cines[0].affine == pytest.approx(AFFINE)
    for index, cine in enumerate(cines):
        np.testing.assert_array_equal(cine.pixels, series()[0].pixels[:, index])
        assert cine.affine[2, 3] == 30.0 + 10.0 * index
    starts = [cine.started_s for cine in (*long_axis_cines(series()), *short_axis_cines(series()))]
    assert starts == sorted(set(starts))


def test_a_first_try_has_the_name_of_the_good_one_and_came_before_it():
    good, first = long_axis_cines([view("la_2ch"), view("la_2ch_first")])
    assert good.description == first.description == "CINE_segmented_LAX_2Ch"
    assert (good.planned, first.planned) == (True, False)
    assert 0 < first.started_s < good.started_s
    assert first.series != good.series


def test_identifiers_are_of_one_thing_only_and_never_change():
    assert EXAM.uid("sa", 1) == EXAM.uid("sa", 1) == "2.25.190665558452698227477453843080612334770"
    others = [EXAM._replace(seed=8), EXAM._replace(subject="900000002"), EXAM._replace(visit=3)]
    uids = {exam.uid("sa", 1) for exam in (EXAM, *others)} | {EXAM.uid("sa", 2), EXAM.uid("sa")}
    assert len(uids) == 6
    assert all(len(uid) <= 64 for uid in uids)


def test_visits_are_two_or_three_years_apart_in_working_hours():
    for seed in range(20):
        first, second = draw_starts(np.random.default_rng(seed), 2)
        assert datetime(2014, 5, 1) <= first
        assert 729 <= (second - first).days <= 1096
        assert all(8 <= start.hour < 18 for start in (first, second))
