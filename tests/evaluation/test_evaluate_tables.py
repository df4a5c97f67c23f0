from pathlib import Path

import pandas as pd

from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.evaluation.evaluate_tables import evaluate_tables

GONE = Withdrawn(Path("w.txt"), frozenset({"1000002", "1000009"}))


def test_who_withdrew_is_neither_compared_nor_named(tmp_path):
    for name, ids in (("p.csv", [1000001, 1000002, 1000009]), ("t.csv", [1000001, 1000002])):
        pd.DataFrame({"eid": ids, "LVEF (%)": 50}).to_csv(tmp_path / name, index=False)
    found = evaluate_tables(tmp_path / "p.csv", tmp_path / "t.csv", None, GONE)
    assert list(found.values.first.index) == ["1000001"]
    assert found.values.set_aside == []
    assert len(found.planes) == len(found.wholes) == 0
