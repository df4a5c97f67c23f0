import numpy as np
import pytest

from cmr_ssl.preparation.checks.prepared_planes import PreparedPlanes
from cmr_ssl.preparation.checks.slice_alignment import alignment
from tests.preparation.checks.synthetic_planes import FRAMES, heights, scene, subject, values


def test_a_stack_that_fits_is_hardly_shifted_and_not_turned():
    measures = alignment(scene())
    assert values(measures, "misaligned-stack")["sa", -1] < 1.5
    assert max(values(measures, "mistriggered").values()) < 0.005


def test_the_slice_that_breath_moved_is_named_with_how_far():
    shifts = values(alignment(scene(moved={4: (7.0, -7.0, 0.0)})), "misaligned-slice")
    assert max(shifts, key=shifts.get) == ("sa", 4)
    assert shifts["sa", 4] == pytest.approx(np.hypot(7, 7), abs=2.5)


def test_the_slice_or_view_whose_beat_is_turned_is_named():
    slices = len(heights())
    for plane, where in ((3, ("sa", 3)), (slices + 1, ("la_3ch", 0))):
        lags = values(alignment(scene(late={plane: 3})), "mistriggered")
        assert {place for place, lag in lags.items() if lag > 0.01} == {where}
        assert lags[where] == pytest.approx(3 / FRAMES, abs=0.005)


@pytest.mark.parametrize("frames", [12, 16, 50])
def test_a_lag_means_the_same_whatever_the_number_of_frames(frames):
    made = subject(late={3: 1})
    times = np.arange(frames) * FRAMES / frames
    first = np.floor(times).astype(int)
    part = (times - first)[:, None, None]
    images = made.images[:, first] * (1 - part) + made.images[:, (first + 1) % FRAMES] * part
    again = PreparedPlanes(made._replace(images=images.round().astype(np.uint8)))
    assert values(alignment(again), "mistriggered")["sa", 3] == pytest.approx(1 / FRAMES, abs=0.01)


def test_one_long_axis_plane_tells_times_but_not_places_and_none_tells_nothing():
    measures = alignment(scene(views=("la_4ch",), late={3: 3}))
    assert values(measures, "mistriggered")["sa", 3] == pytest.approx(3 / FRAMES, abs=0.005)
    assert not values(measures, "misaligned-slice")
    assert not values(measures, "misaligned-stack")
    assert alignment(scene(views=())) == []
    assert alignment(scene(stack=[])) == []
