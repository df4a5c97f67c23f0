"""Axes, curves, bull's eyes, gauges and distributions: what is drawn stands where its number belongs."""

import re

import numpy as np
import pytest

from cmr_ssl.agreement import agreement
from cmr_ssl.measures import Value
from cmr_ssl.pages.axes import axis
from cmr_ssl.pages.bulls_eye import bulls_eyes
from cmr_ssl.pages.distribution import bland_altman, histogram
from cmr_ssl.pages.gauge import gauge, ordinal
from cmr_ssl.pages.percentiles import Standing
from cmr_ssl.pages.volume_curves import draw


@pytest.mark.parametrize(("low", "high"), [(0, 187.3), (-0.4, 0.31), (41, 43), (5, 5), (0, 1e-5)])
def test_ticks_are_few_round_and_within_the_axis(low, high):
    made = axis(low, high, 0, 100)
    assert 2 <= len(made.ticks) <= 7
    assert all(made.low <= tick <= made.high for tick in made.ticks)
    assert all(0 <= place <= 100 for place, _ in made.labels)
    assert all(len(text) < 8 for _, text in made.labels)


def test_ed_and_es_are_marked_on_the_curve_and_unknown_frames_are_dots():
    lv = 100 + 40 * np.cos(np.arange(20) / 20 * 2 * np.pi)
    some = np.where(np.arange(20) % 10 == 0, 30.0, np.nan)
    drawing = draw({"LV": lv, "LA": some}, 50.0)
    ed, es = drawing.marks
    assert (ed.name, ed.ml, es.name, es.ml) == ("ED", 140, "ES", 60)
    assert es.x == drawing.x(500)
    assert drawing.y(60) == es.y
    curves = {one.name: one for one in drawing.curves}
    assert len(curves["LV"].points.split()) == 21  # the beat is closed
    assert (len(curves["LA"].dots), curves["LA"].points) == (2, "")
    assert draw({}, 50.0) is None


def test_names_of_curves_do_not_cover_each_other():
    ends = [one.end for one in draw({name: np.full(5, 50.0) for name in ("LV", "RV", "LA", "RA")}, np.nan).curves]
    assert np.diff(sorted(ends)).min() >= 12


def test_segments_lie_where_the_heart_association_puts_them():
    lines = [Value("wall thickness", str(one), "ED", float(one), "mm") for one in range(1, 17)]
    (eye,) = bulls_eyes([*lines, Value("wall thickness", "17", "ED", np.nan, "mm", "unseen")])
    place = {part.title.split(":")[0]: (part.x, -part.y) for part in eye.parts}
    assert place["1 basal anterior"][1] == max(y for _, y in place.values())
    assert place["4 basal inferior"][1] == min(y for _, y in place.values())
    assert place["14 apical septal"][0] < 0 < place["16 apical lateral"][0]
    assert place["2 basal anteroseptal"][0] < 0 < place["2 basal anteroseptal"][1]
    unknown = eye.parts[-1]
    assert (unknown.text, unknown.title) == ("", "17 apex: not measurable")
    assert eye.mean == "mean 8.5 mm"


def test_outlines_of_a_ring_fill_it_exactly():
    lines = [Value("wall thickness", str(one), "ED", 9.0, "mm") for one in range(1, 18)]
    (eye,) = bulls_eyes(lines)
    corners = [re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", part.path) for part in eye.parts[:6]]
    radii = {round(float(np.hypot(float(x), float(y)))) for corner in corners for x, y in corner}
    assert radii == {98, 70}
    starts = sorted(round(np.degrees(np.arctan2(-float(c[0][1]), float(c[0][0])))) % 360 for c in corners)
    assert np.diff(starts).tolist() == [60] * 5


def test_a_value_outside_its_range_is_drawn_outside():
    at = Standing(99.0, 80.0, 100.0, 120.0, 4.0, "")
    inside, outside, far = (gauge(value, at) for value in (100.0, 125.0, 900.0))
    assert not inside.outside
    assert inside.low < inside.value == inside.median < inside.high
    assert outside.outside
    assert outside.value > outside.high
    assert far.value < 120


@pytest.mark.parametrize(
    ("percentile", "text"),
    [(0.2, "below 1st"), (1, "1st"), (2, "2nd"), (11, "11th"), (53, "53rd"), (99, "99th"), (99.6, "above 99th")],
)
def test_percentiles_are_said_as_people_say_them(percentile, text):
    assert ordinal(percentile) == text


def test_bars_hold_every_value_of_every_group_once():
    groups = [np.array([1.0, 2.0, np.nan]), np.array([2.0, 9.0, 9.0])]
    made = histogram("LVM", "g", groups)
    unit = min(height for _, _, parts in made.bars for _, height in parts if height)
    assert sum(height for _, _, parts in made.bars for _, height in parts) / unit == pytest.approx(5, abs=0.05)
    assert made.caption.endswith("N 5")
    assert histogram("LVM", "g", [np.array([np.nan])]) is None


def test_differences_lie_above_zero_where_too_much_is_predicted():
    true = np.linspace(50, 150, 40)
    predicted = true + 5 + np.tile([-1.0, 1.0], 20)
    plot = bland_altman("LVEDV", "mL", predicted, true, agreement(predicted, true))
    assert all(y < plot.y(0) for _, y in plot.points)
    bias = next(line for line in plot.lines if line[3])
    assert bias[0] == plot.y(5.0)
    assert len(plot.points) == 40
