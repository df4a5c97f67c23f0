"""The page of a cohort: outliers, distributions, and agreement with known true values."""

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.agreement import FEWEST, Estimate, agreement
from cmr_ssl.cohort.columns import FIELDS, unit_of
from cmr_ssl.pages.distribution import Histogram, bland_altman, histogram
from cmr_ssl.pages.numbers import bare_name
from cmr_ssl.pages.render import Provenance, number, render
from cmr_ssl.pages.subject_page import KEY

Array = NDArray[np.float64]

SUSPICIOUS = 3.0  # robust standard deviations from the median of the peers
MOST_OUTLIERS, MOST_VALUES = 30, 3
PLOTTED = (*KEY, "LVESV (mL)", "RVESV (mL)")
SHOWN = ("MAE", "bias", "LoA low", "LoA high", "ICC(2,1)", "Pearson")


class Summary(NamedTuple):
    """One subject on the cohort's page."""

    name: str  # the id
    page: bool  # whether it has a page
    sex: float  # 0 female, 1 male, NaN if unknown
    age: float  # years
    values: dict[str, float]  # predicted, by name
    truth: dict[str, float]  # the reference's own value, by name
    z: dict[str, float]  # robust distance from its peers, by name
    problem: str  # why nothing was predicted; "" if something was
    found: int  # number of repairs, rejections and flaws
    missing: int  # number of unknown values


class Outlier(NamedTuple):
    """A subject to look at first: name, value, unit and distance of its unusual values."""

    subject: Summary
    values: list[tuple[str, str, str, str]]


class AgreementRow(NamedTuple):
    """Agreement of one phenotype with the truth: value and interval of each measure as texts."""

    name: str
    unit: str
    subjects: int
    cells: list[tuple[str, str]]


def cohort_page(summaries: list[Summary], names: tuple[str, ...], provenance: Provenance) -> str:
    """Return the page of a cohort, from summaries of all subjects and the names of phenotypes."""
    pairs = {name: pair for name in names if len((pair := _known_pairs(name, summaries))[0]) >= FEWEST}
    estimates = {name: agreement(*pair) for name, pair in pairs.items()}
    return render(
        "cohort.html",
        provenance,
        title="Cohort",
        about=_about(summaries),
        outliers=_outliers(summaries)[:MOST_OUTLIERS],
        compared=sum(any(np.isfinite(z) for z in summary.z.values()) for summary in summaries),
        failed=[summary for summary in summaries if summary.problem],
        histograms=[drawn for name in names if (drawn := _histogram(name, summaries))],
        sexes=any(np.isfinite(summary.sex) for summary in summaries),
        agreements=[_agreement_row(name, measured) for name, measured in estimates.items()],
        plots=[
            bland_altman(bare_name(name), unit_of(name), *pairs[name], estimates[name])
            for name in PLOTTED
            if name in pairs
        ],
        columns=SHOWN,
        missing=_missing(summaries, names),
        summaries=summaries,
        suspicious=SUSPICIOUS,
    )


def _about(summaries: list[Summary]) -> list[tuple[str, str]]:
    """Return size, sexes and ages of the cohort."""
    ages = np.array([summary.age for summary in summaries])
    sexes = Counter(summary.sex for summary in summaries)
    predicted = sum(not summary.problem for summary in summaries)
    lines = [("Subjects", str(len(summaries))), ("Predicted", str(predicted))]
    if sexes[0.0] or sexes[1.0]:
        lines.append(("Women / men", f"{sexes[0.0]} / {sexes[1.0]}"))
    if np.isfinite(ages).any():
        lines.append(("Age", f"{np.nanmedian(ages):.0f} ({np.nanmin(ages):.0f} to {np.nanmax(ages):.0f})"))
    return lines


def _outliers(summaries: list[Summary]) -> list[Outlier]:
    """Return the subjects with values far from those of their peers, the farthest first."""
    ranked = []
    for summary in summaries:
        far = sorted(((abs(z), name) for name, z in summary.z.items() if abs(z) > SUSPICIOUS), reverse=True)
        if far:
            values = [_unusual_value(summary, name) for _, name in far[:MOST_VALUES]]
            ranked.append((far[0][0], Outlier(summary, values)))
    return [outlier for _, outlier in sorted(ranked, key=lambda pair: -pair[0])]


def _unusual_value(summary: Summary, name: str) -> tuple[str, str, str, str]:
    z = f"{summary.z[name]:+.1f}".replace("-", "−")  # noqa: RUF001
    return bare_name(name), number(summary.values[name]), unit_of(name), z


def _missing(summaries: list[Summary], names: tuple[str, ...]) -> list[tuple[str, int]]:
    """Return the phenotypes that some predicted subjects lack, and how many do."""
    predicted = [summary for summary in summaries if not summary.problem]
    unknown = {name: sum(not np.isfinite(line.values.get(name, np.nan)) for line in predicted) for name in names}
    return [(bare_name(name), count) for name, count in unknown.items() if count]


def _agreement_row(name: str, measured: dict[str, Estimate]) -> AgreementRow:
    cells = []
    for estimate in (measured[key] for key in SHOWN):
        interval = f"{number(estimate.low)} to {number(estimate.high)}" if np.isfinite(estimate.low) else ""
        cells.append((number(estimate.value), interval))
    return AgreementRow(bare_name(name), unit_of(name), int(measured["N"].value), cells)


def _known_pairs(name: str, summaries: list[Summary]) -> tuple[Array, Array]:
    """Return predicted and true values of a phenotype, of the subjects that have both, each (N,)."""
    predicted = np.array([summary.values.get(name, np.nan) for summary in summaries])
    true = np.array([summary.truth.get(name, np.nan) for summary in summaries])
    known = np.isfinite(predicted) & np.isfinite(true)
    return predicted[known], true[known]


def _histogram(name: str, summaries: list[Summary]) -> Histogram | None:
    if name not in FIELDS and not all(isinstance(summary.values.get(name, 0.0), float) for summary in summaries):
        return None
    groups: dict[object, list[float]] = {"unknown": [], 0.0: [], 1.0: []}
    for summary in summaries:
        groups[summary.sex if np.isfinite(summary.sex) else "unknown"].append(summary.values.get(name, np.nan))
    arrays = [np.array(values, dtype=np.float64) for values in groups.values()]
    return histogram(bare_name(name), unit_of(name), arrays)
