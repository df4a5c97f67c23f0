import numpy as np
import pytest

from cmr_ssl.preparation.checks.coverage import coverage, middle_correlation, moving_mm2
from cmr_ssl.preparation.checks.limits import LIMITS, excess
from cmr_ssl.preparation.checks.prepared_planes import PreparedPlanes
from tests.preparation.checks.synthetic_planes import BOTTOM, TOP, heights, scene, subject, values


def alarms(measures):
    return {measure.code for measure in measures if excess(measure.value, LIMITS[measure.code]) > 0}


def test_a_stack_from_atrium_to_apex_is_complete_and_one_without_its_first_or_last_slices_is_told():
    assert alarms(coverage(scene())) == set()
    assert alarms(coverage(scene(stack=heights(top=TOP - 20)))) == {"base-missing"}
    assert alarms(coverage(scene(stack=heights(bottom=BOTTOM + 25)))) == {"apex-missing"}


def test_atria_beat_against_ventricles():
    alike = middle_correlation(scene())
    assert alike[0] < 0 < 0.95 < alike[4]


def test_what_moves_is_measured_in_mm2():
    one = scene()
    ring = np.pi * 1.15 * (30**2 - 16**2) * 0.9  # z = -5 mm: 90 % of the area; smoothing reaches 2 mm to both sides
    assert moving_mm2(one, 4) == pytest.approx(ring, rel=0.1)


def test_a_slice_that_does_not_move_between_others_is_told_unless_these_hardly_do():
    prepared = subject()
    prepared.images[4] = prepared.images[4, :1]
    measures = coverage(PreparedPlanes(prepared))
    assert alarms(measures) == {"still-slice"}
    assert values(measures, "still-slice")["sa", 4] == 0.0
    weak = subject()
    mean = weak.images.mean(axis=1, keepdims=True)
    weak.images[:] = mean + 0.38 * (weak.images - mean)
    weak.images[4] = weak.images[4, :1]
    assert "still-slice" not in alarms(coverage(PreparedPlanes(weak)))


def test_a_few_slices_are_counted_and_two_tell_nothing_more():
    assert values(coverage(scene(stack=heights()[:2])), "few-slices") == {("sa", -1): 2.0}
    assert alarms(coverage(scene(stack=heights()[3:5]))) == {"few-slices"}
    assert coverage(scene(stack=[])) == []
