import io

import numpy as np
import pandas as pd

from cmr_ssl.measures.long_table import to_csv
from cmr_ssl.measures.value import value_or_reason


def test_a_line_a_value_and_a_reason_where_there_is_none():
    values = [
        value_or_reason("MAPSE", "la_4ch", "ED to ES", 12.34567, "mm", "unused"),
        value_or_reason("TAPSE", "", "ES", np.nan, "mm", "a\n b"),
    ]
    table = pd.read_csv(io.StringIO(to_csv([("007", values)])), dtype=str, keep_default_na=False)
    assert list(table) == ["subject", "measure", "segment", "phase", "value", "unit", "reason"]
    assert table.to_numpy().tolist() == [
        ["007", "MAPSE", "la_4ch", "ED to ES", "12.3457", "mm", ""],
        ["007", "TAPSE", "", "ES", "", "mm", "a b"],
    ]
