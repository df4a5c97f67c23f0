from cmr_ssl.cohort.columns import FIELDS
from cmr_ssl.cohort.ranges import CARDIAC, POSSIBLE


def test_ranges_are_of_phenotypes_that_tables_may_hold_and_end_above_where_they_begin():
    assert CARDIAC.keys() < POSSIBLE.keys() <= FIELDS.keys()
    assert all(0 <= low < high for low, high in POSSIBLE.values())
