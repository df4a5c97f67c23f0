import pandas as pd

from experiments.archives.report import counted, found_text, harmless_text, identity_text, share, times_text
from experiments.archives.run import Times
from experiments.archives.score import Score


def same(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["subject", "view", "same", "faults"])


def test_a_share_that_misses_its_aim_is_bold():
    assert share(95, 100, 0.95, least=True) == "95.0% (95 of 100)"
    assert share(94, 100, 0.95, least=True) == "**94.0% (94 of 100)**"
    assert share(2, 100, 0.01, least=False) == "**2.0% (2 of 100)**"
    assert share(0, 0, 0.95, least=True) == "none struck"


def test_each_fault_is_a_row_with_its_codes():
    text = found_text([Score("motion", ("blurred",), 10, 9, 100, 1)])
    assert text.splitlines()[-1] == "| motion | blurred | **90.0% (9 of 10)** | 1.0% (1 of 100) |"


def test_views_that_lost_something_are_not_asked_to_be_the_same():
    table = same(
        ("1", "sa", True, {"mixed_series"}),
        ("2", "sa", False, {"mixed_series", "missing_file"}),
        ("3", "sa", False, {"manifest_missing"}),
        ("3", "la_2ch", False, {"swapped_view"}),
    )
    text = identity_text(table)
    assert "Of 3 subjects, 1 of 2 views" in text
    assert text.endswith("Not so: 3 sa.")
    faults = pd.DataFrame([("1", "mixed_series"), ("2", "mixed_series")], columns=["subject", "fault"])
    assert "| mixed_series | 2 | 1 of 1 |" in harmless_text(faults, table)


def test_rejections_are_counted_by_rows_and_visits():
    rows = [
        ("1", "blurred", "noted", "reject-plane"),
        ("1", "blurred", "noted", "reject-plane"),
        ("2", "bad-archive", "rejected", "reject-subject"),
        ("3", "wrong-name", "repaired", "accept"),
    ]
    table = pd.DataFrame(rows, columns=["subject", "code", "severity", "decision"])
    assert counted(table) == [
        ("blurred", "noted", "reject-plane", 2, 1),
        ("bad-archive", "rejected", "reject-subject", 1, 1),
    ]


def test_times_are_those_of_one_visit_and_not_told_of_what_was_cut():
    text = times_text({"qc": Times(50.0, 120.0), "fit": Times(None, None)}, 100)
    assert "| qc | 0.50 | 2.0 |" in text
    assert "| fit | it was cut | it was cut |" in text
