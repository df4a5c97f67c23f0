import numpy as np

from cmr_ssl.measures.value import relative, value_or_reason


def test_a_number_needs_no_reason_and_nothing_is_related_to_nothing():
    assert value_or_reason("a", "1", "ED", 3.0, "mm", "why").reason == ""
    assert value_or_reason("a", "1", "ED", np.nan, "mm", "why").reason == "why"
    assert relative(50.0, 40.0) == -20.0
    assert np.isnan(relative(0.0, 1.0))
