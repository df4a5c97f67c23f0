import logging

import pandas as pd

from cmr_ssl.cohort.joined_table import columns_at, read_values
from tests.commands.test_cohort import TABLE


def test_only_columns_of_the_visit_are_read():
    read = " ".join(columns_at(list(TABLE.columns), [], 2).values())
    assert "21003.2.0" in read
    assert "21003.0.0" not in read
    assert "9999" not in read


def test_a_table_in_which_no_column_has_a_known_name_is_said(tmp_path, caplog):
    caplog.set_level(logging.WARNING, "cmr_ssl")
    rows = pd.DataFrame({"visit": [2], "person": ["1000001"]})
    for name, said in (("Ejection (%)", True), ("LVEF", False)):
        caplog.clear()
        (tmp_path / "table.csv").write_text(f"eid,{name}\n1000001,50\n")
        values, in_table = read_values(tmp_path / "table.csv", rows, [])
        assert in_table.all()
        assert values.shape == (1, int(not said))
        assert ("so nothing is known of anybody" in caplog.text) == said
