"""An evaluation as one page of Markdown."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from cmr_ssl.agreement import Estimate
from cmr_ssl.conformal import COVERAGE, LEVEL
from cmr_ssl.evaluation.group_errors import SIGNED, SIGNIFICANT, TOO_FEW
from cmr_ssl.evaluation.paired_values import SetAside
from cmr_ssl.report.tables import markdown

MOST_REASONS = 12
BRACKETS = "Brackets are 95 % bootstrap intervals over subjects"


def page(
    agreement: pd.DataFrame,
    overlap: pd.DataFrame | None,
    groups: pd.DataFrame | None,
    aside: Sequence[SetAside],
    subjects: int,
) -> str:
    """Return the page; see `agreement_table`, `overlap_table` and `group_errors` for the tables."""
    text = [
        "# Evaluation",
        f"{subjects} subjects with prediction and truth. {BRACKETS}; differences are predicted - true.",
    ]
    if overlap is not None and len(overlap):
        text += ["## Overlap of label maps, all slices at once", overlap_lines(overlap)]
    known = agreement[agreement["N"] > 0] if len(agreement) else agreement
    if len(known):
        text += ["## Agreement with the truth", agreement_lines(known)]
        text += coverage_lines(known)
    if groups is not None:
        text += ["## Errors by group", *group_lines(groups)]
    if aside:
        text += ["## Set aside, or in doubt", *aside_lines(aside)]
    return "\n\n".join(text) + "\n"


def told(value: Estimate, signed: bool = False) -> str:
    """Return an estimate with its interval as text, empty where unknown."""
    if pd.isna(value.value):
        return ""
    form = "{:+.3g}" if signed else "{:.3g}"
    interval = "" if pd.isna(value.low) else f" [{form.format(value.low)}, {form.format(value.high)}]"
    return form.format(value.value) + interval


def estimate_of(row: "pd.Series[float]", name: str) -> Estimate:
    """Return the estimate in the columns of a row."""
    return Estimate(row[name], row[f"{name} 2.5 %"], row[f"{name} 97.5 %"])


def overlap_lines(table: pd.DataFrame) -> str:
    """Return the table of overlaps."""
    names = {"dice": "Dice", "hd95_mm": "HD95 (mm)", "assd_mm": "mean surface distance (mm)"}
    rows = [
        [row["structure"], row["view"], row["phase"], row["N"]]
        + [told(estimate_of(row, name)) for name in names]
        + [row["missed"]]
        for _, row in table.iterrows()
    ]
    return markdown(["structure", "view", "phase", "N", *names.values(), "missed"], rows, texts=3)


def agreement_lines(table: pd.DataFrame) -> str:
    """Return the table of agreement."""
    rows = [
        [row["target"], f"{row['N']:.0f}", told(estimate_of(row, "bias"), signed=True), told(estimate_of(row, "MAE"))]
        + [_limits(row), told(estimate_of(row, "Pearson")), told(estimate_of(row, "ICC(2,1)"))]
        for _, row in table.iterrows()
    ]
    return markdown(["", "N", "bias", "MAE", "limits of agreement", "Pearson", "ICC(2,1)"], rows)


def coverage_lines(table: pd.DataFrame) -> list[str]:
    """Return the table of coverage, and which intervals hold fewer than they promise; nothing without intervals."""
    if COVERAGE not in table or table[COVERAGE].isna().all():
        return []
    known = table[table[COVERAGE].notna()]
    rows = [
        [row["target"], f"{row[f'{COVERAGE} N']:.0f}", told(estimate_of(row, COVERAGE)), f"{row['half width']:.3g}"]
        for _, row in known.iterrows()
    ]
    below = known.loc[known[f"{COVERAGE} 97.5 %"] < LEVEL, "target"]
    verdict = (
        f"Fewer than the promised {LEVEL:.0%} lie within, beyond chance: {', '.join(below)}."
        if len(below)
        else f"No interval holds fewer than the promised {LEVEL:.0%} beyond chance."
    )
    title = f"## Coverage of the {LEVEL:.0%} intervals"
    return [title, markdown(["", "N", "true values within", "mean half width"], rows), f"{verdict} Brackets: Wilson."]


def group_lines(table: pd.DataFrame) -> list[str]:
    """Return what differs between groups: a sentence, then a table for each way to group and measure."""
    if not len(table):
        return ["No group has anybody with a prediction and a truth."]
    text = [group_sentence(table)]
    for by, measured in table.groupby(["by", "measure"], sort=False):
        text.append(f"**{by[0]}: {by[1]}**")
        known = measured[measured["mean"].notna()]
        if len(known):
            text.append(_by_group(known))
        few = measured.loc[measured["mean"].isna()].groupby("group", sort=False)["N"].max()
        if len(few):
            listed = ", ".join(f"{group} ({count})" for group, count in few.items())
            text.append(f"{TOO_FEW.capitalize()}, so without numbers: {listed}.")
    return text


def group_sentence(table: pd.DataFrame) -> str:
    """Return how many tests there were, and what differs after the correction for their number."""
    if not len(table):
        return ""
    differing = table[table["p (Holm)"] < SIGNIFICANT]
    return (
        f"{int(table['p'].notna().sum())} tests of a group against everybody else (Welch), corrected together (Holm): "
        f"{len(differing)} differ at {SIGNIFICANT:g}{'; they are marked *' if len(differing) else ''}."
    )


def _by_group(table: pd.DataFrame) -> str:
    """Return the means of groups, a row a phenotype or structure, a column a group."""
    cells = {
        (row["of"], row["group"]): told(estimate_of(row, "mean"), signed=row["measure"] == SIGNED)
        + (" *" if row["p (Holm)"] < SIGNIFICANT else "")
        for _, row in table.iterrows()
    }
    sizes = table.groupby("group", sort=False)["N"].max()
    rows = [[of, *(cells.get((of, group), "") for group in sizes.index)] for of in table["of"].unique()]
    return markdown(["", *(f"{group} (N {size})" for group, size in sizes.items())], rows)


def aside_lines(aside: Sequence[SetAside]) -> list[str]:
    """Return how many subjects have a problem, and the commonest reasons."""
    subjects = {item.subject for item in aside if item.subject}
    counts = Counter(": ".join(part for part in (item.where, item.why) if part) for item in aside)
    lines = [f"* {f'{count} x ' if count > 1 else ''}{reason}" for reason, count in counts.most_common(MOST_REASONS)]
    more = len(counts) - len(lines)
    lines += [f"* and {more} more in set_aside.csv"] if more > 0 else []
    return [f"{len(subjects)} subjects; each with its reason in set_aside.csv.", "\n".join(lines)]


def _limits(row: "pd.Series[float]") -> str:
    low, high = row["LoA low"], row["LoA high"]
    return "" if pd.isna(low) else f"{low:+.3g} to {high:+.3g}"
