import pandas as pd

from cmr_ssl.robustness.scenarios import FLAWED, RANDOM
from cmr_ssl.robustness.summary import write_summary

ROWS = [
    (RANDOM, "all planes", 0, 0.0, "cosine", "class token", 1.0, 1.0, 1.0, 9),
    (RANDOM, "all planes", 0, 0.0, "cosine", "mean token", 1.0, 1.0, 1.0, 9),
    (RANDOM, "all planes", 0, 0.0, "MAE", "LVM (g)", 7.25, 6.0, 8.125, 9),
    (FLAWED, "noise", 3, 2.75, "cosine", "class token", 0.9123, 0.85, 0.951, 9),
    (FLAWED, "noise", 3, 2.75, "MAE", "LVM (g)", 9.5, 9.0, 10.0, 9),
    (FLAWED, "two views swapped", 0, 2.0, "cosine", "class token", 0.5, 0.4, 0.6, 9),
]
COLUMNS = ["kind", "scenario", "planes", "changed", "measure", "of", "value", "low", "high", "N"]


def test_a_row_a_scenario_and_a_column_a_measure(tmp_path):
    write_summary(tmp_path / "r.md", pd.DataFrame(ROWS, columns=COLUMNS), "PretrainingTask", 9, 40, 3)
    text = (tmp_path / "r.md").read_text()
    assert "9 subjects of the test split, seed 3" in text
    assert "40 training subjects" in text
    assert text.split("\n\n")[-1].splitlines() == [
        "| scenario | planes | cosine | MAE LVM (g) |",
        "| --- | ---: | ---: | ---: |",
        "| all planes | 0.0 | 1 (1 to 1) | 7.25 (6 to 8.12) |",
        "| noise x 3 | 2.8 | 0.912 (0.85 to 0.951) | 9.5 (9 to 10) |",
        "| two views swapped | 2.0 | 0.5 (0.4 to 0.6) |  |",
    ]
