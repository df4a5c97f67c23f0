"""The page of a cohort: who to look at first, how values are spread, how well they agree where the truth is known."""

import re
from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.agreement import FEWEST, Estimate, agreement
from cmr_ssl.cohort.columns import FIELDS, unit_of
from cmr_ssl.pages.distribution import BlandAltman, Histogram, bland_altman, histogram
from cmr_ssl.pages.render import number, render
from cmr_ssl.pages.subject_page import KEY, RESEARCH, SYNTHETIC

Array = NDArray[np.float64]

SUSPICIOUS = 3.0  # robust standard deviations from the median of the peers
MOST_OUTLIERS, MOST_VALUES = 30, 3
PLOTTED = (*KEY, "LVESV (mL)", "RVESV (mL)")
SHOWN = ("MAE", "bias", "LoA low", "LoA high", "ICC(2,1)", "Pearson")


class Summary(NamedTuple):
    """What the cohort's page needs of one subject.

    Attributes:
        name: the id.
        page: whether it has a page.
        sex: 0 female, 1 male, NaN if unknown.
        age: years.
        values: predicted, by name.
        truth: the reference's own value, by name.
        z: robust distance from its peers, by name.
        problem: why nothing was predicted; "" where something was.
        found: how many repairs, rejections and flaws were found.
        missing: how many of the values are not known.
    """

    name: str
    page: bool
    sex: float
    age: float
    values: dict[str, float]
    truth: dict[str, float]
    z: dict[str, float]
    problem: str
    found: int
    missing: int


class Outlier(NamedTuple):
    """A subject to look at first, and why: name, value, unit and distance of what is unusual."""

    one: Summary
    why: list[tuple[str, str, str, str]]


class Agreement(NamedTuple):
    """How one phenotype agrees with the truth: its name, unit, number of subjects, and texts of the measures."""

    short: str
    unit: str
    subjects: int
    cells: list[tuple[str, str]]


def cohort_page(
    summaries: list[Summary], names: tuple[str, ...], told: str, provenance: list[tuple[str, str]], version: str,
    synthetic: bool,
) -> str:  # fmt: skip
    """Return the page.

    Args:
        summaries: of all subjects.
        names: phenotypes.
        told: where reference values come from; "" without any.
        provenance: names and values for the foot of the page.
        version: of this program.
        synthetic: whether the model has only seen synthetic hearts.
    """
    measured = {name: agreed for name in names if (agreed := _agreement(name, summaries))}
    return render(
        "cohort.html",
        notices=[RESEARCH, *([SYNTHETIC] if synthetic else [])],
        about=counts(summaries),
        outliers=outliers(summaries)[:MOST_OUTLIERS],
        compared=sum(any(np.isfinite(z) for z in one.z.values()) for one in summaries),
        failed=[one for one in summaries if one.problem],
        histograms=[drawn for name in names if (drawn := _histogram(name, summaries))],
        sexes=any(np.isfinite(one.sex) for one in summaries),
        agreements=[line(name, estimates) for name, (_, _, estimates) in measured.items()],
        plots=[_plot(name, *measured[name]) for name in PLOTTED if name in measured],
        columns=SHOWN,
        lacking=lacking(summaries, names),
        summaries=summaries,
        suspicious=SUSPICIOUS,
        told=told,
        provenance=provenance,
        version=version,
    )


def counts(summaries: list[Summary]) -> list[tuple[str, str]]:
    """Return the cohort in a few numbers."""
    ages = np.array([one.age for one in summaries])
    sexes = Counter(one.sex for one in summaries)
    told = [("Subjects", str(len(summaries))), ("Predicted", str(sum(not one.problem for one in summaries)))]
    if sexes[0.0] or sexes[1.0]:
        told.append(("Women / men", f"{sexes[0.0]} / {sexes[1.0]}"))
    if np.isfinite(ages).any():
        told.append(("Age", f"{np.nanmedian(ages):.0f} ({np.nanmin(ages):.0f} to {np.nanmax(ages):.0f})"))
    return told


def outliers(summaries: list[Summary]) -> list[Outlier]:
    """Return the subjects with values far from those of their peers, the farthest first."""
    found = []
    for one in summaries:
        far = sorted(((abs(z), name) for name, z in one.z.items() if abs(z) > SUSPICIOUS), reverse=True)
        if far:
            found.append((far[0][0], Outlier(one, [_why(one, name) for _, name in far[:MOST_VALUES]])))
    return [outlier for _, outlier in sorted(found, key=lambda pair: -pair[0])]


def _why(one: Summary, name: str) -> tuple[str, str, str, str]:
    return short(name), number(one.values[name]), unit_of(name), f"{one.z[name]:+.1f}".replace("-", "−")  # noqa: RUF001


def lacking(summaries: list[Summary], names: tuple[str, ...]) -> list[tuple[str, int]]:
    """Return of how many predicted subjects each phenotype is not known, where it is not known of some."""
    told = [one for one in summaries if not one.problem]
    missing = [(short(name), sum(not np.isfinite(one.values.get(name, np.nan)) for one in told)) for name in names]
    return [(name, count) for name, count in missing if count]


def short(name: str) -> str:
    """Return a name without its unit."""
    return re.sub(r"\s*\([^()]*\)\s*$", "", name) if unit_of(name) else name


def line(name: str, measured: dict[str, Estimate]) -> Agreement:
    """Return the table's line of a phenotype: each measure and its 95 % interval."""
    cells = []
    for key in SHOWN:
        one = measured[key]
        interval = f"{number(one.low)} to {number(one.high)}" if np.isfinite(one.low) else ""
        cells.append((number(one.value), interval))
    return Agreement(short(name), unit_of(name), int(measured["N"].value), cells)


Pairs = tuple[Array, Array, dict[str, Estimate]]


def _agreement(name: str, summaries: list[Summary]) -> Pairs | None:
    predicted = np.array([one.values.get(name, np.nan) for one in summaries])
    true = np.array([one.truth.get(name, np.nan) for one in summaries])
    known = np.isfinite(predicted) & np.isfinite(true)
    if known.sum() < FEWEST:
        return None
    return predicted[known], true[known], agreement(predicted, true)


def _plot(name: str, predicted: Array, true: Array, measured: dict[str, Estimate]) -> BlandAltman:
    return bland_altman(short(name), unit_of(name), predicted, true, measured)


def _histogram(name: str, summaries: list[Summary]) -> Histogram | None:
    if name not in FIELDS and not all(isinstance(one.values.get(name, 0.0), float) for one in summaries):
        return None
    groups: dict[object, list[float]] = {"unknown": [], 0.0: [], 1.0: []}
    for one in summaries:
        groups[one.sex if np.isfinite(one.sex) else "unknown"].append(one.values.get(name, np.nan))
    return histogram(short(name), unit_of(name), [np.array(values, dtype=np.float64) for values in groups.values()])
