import numpy as np

from cmr_ssl.measures.value import relative, told


def test_a_number_needs_no_reason_and_nothing_is_related_to_nothing():
    assert told("a", "1", "ED", 3.0, "mm", "why").reason == ""
    assert told("a", "1", "ED", np.nan, "mm", "why").reason == "why"
    assert relative(50.0, 40.0) == -20.0
    assert np.isnan(relative(0.0, 1.0))
