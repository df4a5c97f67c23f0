from cmr_ssl.preparation.checks.all_checks import run_checks
from cmr_ssl.preparation.checks.limits import LIMITS, beyond
from tests.caches import prepared
from tests.preparation.checks.synthetic_planes import subject


def test_everything_is_measured_of_a_whole_subject_and_nothing_is_wrong_with_a_good_one():
    measures = run_checks(subject())
    assert {measure.code for measure in measures} == {*LIMITS}
    assert beyond(measures, LIMITS) == []


def test_what_cannot_be_measured_is_left_out():
    assert {m.code for m in run_checks(prepared(0, ("la_4ch",)))} == {"blurred", "wrap-around", "repeated-frames"}
    two_frames = prepared(5, ("la_4ch",))
    two_frames = two_frames._replace(images=two_frames.images[:, :2])
    assert "mistriggered" not in {measure.code for measure in run_checks(two_frames)}
