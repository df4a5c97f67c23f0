import pytest

from cmr_ssl.preparation.checks.limits import LIMITS, beyond, excess, with_values
from cmr_ssl.preparation.checks.prepared_planes import Measure


def test_values_beyond_their_limit_are_found_on_its_own_side():
    measures = [Measure(code, "sa", 0, value, 0) for code in ("low-contrast", "mistriggered") for value in (0.01, 0.5)]
    assert [(m.code, m.value) for m in beyond(measures, LIMITS)] == [("low-contrast", 0.01), ("mistriggered", 0.5)]
    assert excess(0.3, LIMITS["low-contrast"]) == 0.0


def test_limits_can_be_changed_one_by_one():
    changed = with_values({"low-contrast": 0.2})
    assert changed["low-contrast"].value == 0.2
    assert {code for code in LIMITS if changed[code] != LIMITS[code]} == {"low-contrast"}
    with pytest.raises(ValueError, match="nothing is measured that is called 'contrast'"):
        with_values({"contrast": 0.2})


def test_every_limit_says_why_and_what_it_found():
    for limit in LIMITS.values():
        assert limit.reason
        assert "{value" in limit.message
