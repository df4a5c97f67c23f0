"""The page docs/reliability.md from what was measured."""

from pathlib import Path

import numpy as np
import pandas as pd

from cmr_ssl.conformal import COVERAGE, LEVEL, coverage
from cmr_ssl.evaluation.paired_values import PairedValues, read_pairs
from cmr_ssl.evaluation.repeatability import repeatability_table
from cmr_ssl.evaluation.repeatability_writer import lines
from cmr_ssl.files import save_text
from cmr_ssl.phantom.cohort_spec import FIRST_VISIT
from cmr_ssl.report.tables import markdown
from cmr_ssl.tasks.phenotype import PhenotypeTask
from cmr_ssl.tasks.trained import load_task
from experiments.machine import description
from experiments.reliability.planes import rows_of
from experiments.reliability.settings import ALL, SECOND_VISIT, Settings

PAGE, BELOW = "reliability.md", "<!-- below: written by python -m experiments.reliability -->"
READ_OFF = "UKB "  # columns of the table of hearts that formulas read off the true label maps


def write_report(settings: Settings, out: Path) -> None:
    """Write the page below what stands there by hand."""
    planes = pd.read_csv(settings.planes)
    half = half_widths(settings)
    others = {name: read(settings, name, cohort.table) for name, cohort in settings.others.items()}
    rows = [
        row for name, pairs in others.items() for row in rows_of(f"scanner {name}", errors(pairs, half), [*half], half)
    ]
    measured = pd.concat([planes, pd.DataFrame(rows)])
    text = [
        "## Do 90 % intervals hold 90 %?",
        "Written by `python -m experiments.reliability`. " + " ".join(description()),
        f"{settings.subjects} synthetic hearts of the usual scanner: a head on the demo's frozen encoder learned from "
        "35 % of them, the half widths are those of the next 30 %, and coverage is measured on the rest, "
        f"{len(settings.tested)} hearts. {settings.strangers} other hearts of each other scanner. Each cell is the "
        "share of true values within the interval, with its 95 % interval (Wilson); bold where that ends below 90 %. "
        f"Every cell is judged by itself: of {len(measured)}, {0.025 * len(measured):.0f} would be bold by chance.",
        coverage_table(measured),
        verdict(measured),
        *(told(name, pairs) for name, pairs in others.items()),
        "## Mean absolute errors of the same predictions",
        error_table(measured),
        "## The same heart, scanned twice",
        f"{min(settings.rescanned, len(settings.tested))} of the test hearts at a second visit (`phantom --visit 3`): "
        "the heart is unchanged, planes, breath-holds, coils and noise are new. What remains is the error of one "
        "measurement. People also differ from day to day, so theirs will be larger. And repeatable is not right: who "
        "always says the mean repeats it perfectly, so read this beside the errors above. Predictions:",
        lines(repeated(settings, predicted=True)),
        "Volumes by the formulas of `quantify` from exact label maps, where only planning and breath-holds differ:",
        lines(repeated(settings, predicted=False)),
    ]
    path = out / PAGE
    above = path.read_text(encoding="utf-8").partition(BELOW)[0] if path.is_file() else ""
    save_text(path, f"{above}{BELOW}\n\n" + "\n\n".join(text) + "\n")


def half_widths(settings: Settings) -> dict[str, float]:
    """Return the half widths of the head's intervals."""
    task = load_task(settings.checkpoint).task
    assert isinstance(task, PhenotypeTask)
    return task.objective.half_widths(task.targets)


def read(settings: Settings, name: str, table: Path) -> PairedValues:
    """Return what was predicted of a scanner beside the truth."""
    return read_pairs(settings.predictions(name) / "phenotypes.csv", table)


def errors(pairs: PairedValues, half: dict[str, float]) -> "np.typing.NDArray[np.float64]":
    """Return predicted minus true values, (N, K)."""
    return (pairs.first[[*half]] - pairs.second[[*half]]).to_numpy(np.float64)


def coverage_table(measured: pd.DataFrame) -> str:
    """Return coverage, a row a scenario, a column a target."""
    targets = measured["of"].unique()
    rows = [
        [name, int(group["N"].max()), *(_cell(group.set_index("of").loc[target]) for target in targets)]
        for name, group in measured.groupby("scenario", sort=False)
    ]
    return markdown(["", "N", *targets], rows)


def error_table(measured: pd.DataFrame) -> str:
    """Return mean absolute errors, a row a scenario, and the half widths below."""
    targets = measured["of"].unique()
    table = measured.pivot(index="scenario", columns="of", values="MAE").loc[measured["scenario"].unique(), targets]
    rows = [[name, *(f"{value:.3g}" for value in row)] for name, row in zip(table.index, table.to_numpy(), strict=True)]
    half = measured.drop_duplicates("of").set_index("of")["half width"]
    return markdown(["", *targets], [*rows, ["half width", *(f"{half[target]:.3g}" for target in targets)]])


def verdict(measured: pd.DataFrame) -> str:
    """Say plainly where intervals hold fewer than they promise."""
    below = measured[measured["high"] < LEVEL]
    usual = below[below["scenario"] == ALL]
    shifted = below[below["scenario"] != ALL]
    known = "no interval holds" if usual.empty else f"intervals of {', '.join(usual['of'])} hold"
    sentence = f"On hearts like those of the training with all planes, {known} fewer than {LEVEL:.0%} beyond chance."
    if shifted.empty:
        return f"{sentence} Nor does any under the shifts that were tried."
    parts = [f"{name} ({', '.join(group['of'])})" for name, group in shifted.groupby("scenario", sort=False)]
    return f"{sentence} **Under these shifts they do: {'; '.join(parts)}.** Do not rely on an interval there."


def told(name: str, pairs: PairedValues) -> str:
    """Return how many intervals `predict` dared to tell of another scanner, and how many of those held."""
    within = pairs.within.to_numpy(np.float64)
    known = np.isfinite(within)
    if not known.any():
        return f"`predict` told no interval of the {len(within)} hearts of {name}: it found all unlike the training."
    difference = (pairs.first - pairs.second)[pairs.within.columns].to_numpy(np.float64)
    shares = coverage(difference.ravel(), within.ravel())
    count = int(known.any(axis=1).sum())
    unlike = f", the other {len(within) - count} it found unlike the training" if count < len(within) else ""
    told_of = f"`predict` told intervals of {count} of the {len(within)} hearts of {name}{unlike}"
    return f"{told_of}; {shares.value:.0%} of those told held."


def repeated(settings: Settings, predicted: bool) -> pd.DataFrame:
    """Return the repeatability of predictions, or of volumes read off the true label maps."""
    visits = [settings.visit(number) for number in (FIRST_VISIT, SECOND_VISIT)]
    folders = [settings.predictions(visit.name) for visit in visits] if predicted else visits
    first, second = (folder / "phenotypes.csv" for folder in folders)
    columns = None if predicted else {f"{READ_OFF}{name}": f"{READ_OFF}{name}" for name in half_widths(settings)}
    pairs = read_pairs(first, second, columns)
    return repeatability_table(pairs.first, pairs.second)


def _cell(row: "pd.Series[float]") -> str:
    marked = "**" if row["high"] < LEVEL else ""
    return f"{marked}{row[COVERAGE]:.2f}{marked} [{row['low']:.2f}, {row['high']:.2f}]"
