"""Tables, figures and a page of repeatability."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.evaluation.agreement_table import doubts
from cmr_ssl.evaluation.evaluate_tables import remaining
from cmr_ssl.evaluation.page import BRACKETS, aside_lines, estimate_of, told
from cmr_ssl.evaluation.paired_values import SetAside, read_pairs
from cmr_ssl.evaluation.repeatability import COV, MEAN, SDC, SEM, repeatability_table
from cmr_ssl.files import save_text
from cmr_ssl.report.tables import file_name, markdown, write_csv

TABLE, PAGE, SUBJECTS, ASIDE = "repeatability.csv", "repeatability.md", "subjects.csv", "set_aside.csv"


def write_repeatability(
    first: Path, second: Path, columns: Mapping[str, str] | None, out: Path, withdrawn: Withdrawn
) -> bool:
    """Write everything and print the page; return whether anything could be measured."""
    from cmr_ssl.report.agreement_plots import draw_bland_altman

    withdrawn.erase(out, tables=(SUBJECTS, ASIDE))
    values = remaining(read_pairs(first, second, columns), withdrawn, first)
    table, aside = repeatability_table(values.first, values.second), [*values.set_aside, *doubts(values)]
    write_csv(out / TABLE, table)
    write_csv(out / ASIDE, pd.DataFrame(aside, columns=SetAside._fields))
    sides = [side.add_prefix(f"{word} ") for word, side in (("first", values.first), ("second", values.second))]
    write_csv(out / SUBJECTS, pd.concat(sides, axis=1).rename_axis("subject").reset_index())
    known = table[table[SEM].notna()]
    for name in known["of"]:
        one, other = (side[name].to_numpy(np.float64) for side in (values.first, values.second))
        draw_bland_altman(out / "figures" / f"repeatability_{file_name(name)}.png", one, other, name)
    text = page(known, aside, len(values.first))
    save_text(out / PAGE, text)
    print(text)
    print(f"Everything: {out}")
    return len(known) > 0


def page(table: pd.DataFrame, aside: Sequence[SetAside], subjects: int) -> str:
    """Return the page of measures, see `repeatability_table`, and of what was set aside."""
    text = [
        "# Repeatability",
        f"{subjects} subjects, acquired twice. {BRACKETS}; bias is second - first. SEM: within-subject SD. CoV: SEM "
        "over the mean. SDC: smallest detectable change, 1.96 sqrt(2) SEM.",
    ]
    if len(table):
        text.append(lines(table))
    if aside:
        text += ["## Set aside, or in doubt", *aside_lines(aside)]
    return "\n\n".join(text) + "\n"


def lines(table: pd.DataFrame) -> str:
    """Return the table of measures."""
    rows = [
        [row["of"], f"{row['N']:.0f}", f"{row[MEAN]:.3g}", *(told(estimate_of(row, name)) for name in (SEM, COV, SDC))]
        + [told(estimate_of(row, "ICC(2,1)")), told(estimate_of(row, "bias"), signed=True)]
        + [f"{row['LoA low']:+.3g} to {row['LoA high']:+.3g}"]
        for _, row in table.iterrows()
    ]
    return markdown(["", "N", MEAN, SEM, COV, SDC, "ICC(2,1)", "bias", "limits of agreement"], rows)
