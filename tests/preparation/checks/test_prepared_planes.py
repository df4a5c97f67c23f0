import numpy as np
import pytest

from cmr_ssl.preparation.checks.prepared_planes import PreparedPlanes
from tests.preparation.checks.synthetic_planes import SIZE, STEP, scene, subject


def test_planes_are_told_apart_and_have_names_and_two_frames_are_no_beat():
    one = scene(stack=[10.0, 0.0], views=("la_3ch",))
    assert (one.stack, one.long) == ([0, 1], [2])
    assert [one.view(plane) for plane in range(3)] == ["sa", "sa", "la_3ch"]
    assert one.measure("x", 1, 2.5) == ("x", "sa", 1, 2.5, 1)
    assert one.measure("x", 1, 2.5, whole=True).slice == -1
    prepared = subject(stack=[0.0], views=())
    assert PreparedPlanes(prepared).beats
    assert not PreparedPlanes(prepared._replace(images=prepared.images[:, :2])).beats


def test_distances_are_from_the_long_axis_in_mm():
    one = scene(stack=[10.0], views=("la_2ch",))
    assert one.step_mm == STEP
    for plane in (0, 1):
        assert one.from_axis(plane).shape == (SIZE, SIZE)
    assert one.from_axis(0)[0, 0] == pytest.approx(np.hypot(1, 1) * STEP * (SIZE - 1) / 2)
    np.testing.assert_allclose(one.from_axis(1)[0], one.from_axis(1)[-1], atol=1e-5)
