from cmr_ssl.data.checks.examine import examine
from cmr_ssl.data.checks.limits import LIMITS, beyond
from tests.caches import prepared
from tests.data.checks.scenes import subject


def test_everything_is_measured_of_a_whole_subject_and_nothing_is_wrong_with_a_good_one():
    measures = examine(subject())
    assert {measure.code for measure in measures} == {*LIMITS}
    assert beyond(measures, LIMITS) == []


def test_what_cannot_be_measured_is_left_out():
    assert {m.code for m in examine(prepared(0, ("la_4ch",)))} == {"blurred", "wrap-around", "repeated-frames"}
    two_frames = prepared(5, ("la_4ch",))
    two_frames = two_frames._replace(images=two_frames.images[:, :2])
    assert "mistriggered" not in {measure.code for measure in examine(two_frames)}
