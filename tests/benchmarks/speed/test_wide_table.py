import pandas as pd
from benchmarks.tables import header, read, write_tables

from cmr_ssl.cohort.columns import FIELDS

ROWS, COLUMNS = 30, 90


def test_a_header_has_every_phenotype_once():
    names = header(COLUMNS)
    assert len(names) == len(set(names)) == COLUMNS
    assert {f"{field}-2.0" for field in FIELDS.values()} < set(names)


def test_both_tables_hold_the_same_and_all_that_is_wanted_is_read(tmp_path):
    text, packed = write_tables(tmp_path, ROWS, COLUMNS)
    one, other = pd.read_csv(text, sep="\t"), pd.read_parquet(packed)
    pd.testing.assert_frame_equal(one, other, check_dtype=False, rtol=1e-6)
    costs = [read(path, ROWS) for path in (text, packed)]
    assert [cost.values for cost in costs] == [ROWS * (len(FIELDS) - 1)] * 2  # sex was asked at the first visit
    assert all(cost.seconds > 0 and cost.memory > 0 for cost in costs)
