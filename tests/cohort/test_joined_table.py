from cmr_ssl.cohort.joined_table import columns_at
from tests.commands.test_cohort import TABLE


def test_only_columns_of_the_visit_are_read():
    read = " ".join(columns_at(list(TABLE.columns), [], 2).values())
    assert "21003.2.0" in read
    assert "21003.0.0" not in read
    assert "9999" not in read
