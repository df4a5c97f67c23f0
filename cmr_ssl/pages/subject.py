"""Everything a page shows of one subject, as plain values."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.doubts import notes, without_doubtful, without_implausible, without_structures
from cmr_ssl.measures import Value
from cmr_ssl.pages.cines import view_title
from cmr_ssl.pages.percentiles import Person, Reference, Standing
from cmr_ssl.pages.predictions import Predicted, confidences, findings, half_widths, missing, numbers
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.quantities import regions
from cmr_ssl.sources.label_folder import LabelledHeart
from cmr_ssl.volumes import Measured, measure

Array = NDArray[np.float64]

FIRST_VOLUME = {"LV": "LVEDV", "myocardium": "LVM", "RV": "RVEDV", "LA": "LAV max", "RA": "RAV max"}
LEVELS = ("basal", "mid", "apical", "global", "LV", "LA")  # segments that a measure's name need not tell


class ReportedSubject(NamedTuple):
    """Everything the page of one subject shows."""

    name: str  # the id
    person: Person  # sex, age and body surface
    values: dict[str, float]  # predicted, by the field's names; NaN for missing and doubtful ones
    within: dict[str, float]  # half widths of the 90 % intervals of values, where they are known
    confidence: dict[str, float]  # 0 to 1, of the structures in its label maps
    truth: dict[str, float]  # the reference's own values of the same subject, NaN where it has none
    standings: dict[str, Standing]  # values relative to those of peers, as far as there are any
    missing: list[tuple[str, str]]  # names and reason of missing values
    findings: list[tuple[str, str]]  # severity and sentence
    regional: list[Value]  # measures of walls, strains and motion; empty without label maps
    curves: dict[str, Array]  # structure to volume in mL over the beat
    frame_ms: float  # time between frames, NaN if unknown
    heart_rate: float  # beats per minute, NaN if unknown
    heart: LabelledHeart  # the usable label maps


def reported_subject(
    name: str,
    predicted: Predicted,
    names: tuple[str, ...],
    reference: Reference | None,
    flaws: list[tuple[str, str]],
) -> ReportedSubject:
    """Collect everything about one subject: values in the columns `names`, peers in a reference, and known flaws."""
    row, heart = predicted.row, without_implausible(predicted.heart)
    values, widths = numbers(row, names), half_widths(row, names)
    person = Person() if reference is None else reference.person(name)
    measured = without_doubted(measured_on(heart), values) if heart.views else Measured({}, {}, {})
    stack = heart.views.get(SHORT_AXIS)
    unusable = [(view, f"{why}: its label map was set aside") for view, why in heart.problems.items()]
    if not heart.views:
        unusable.append(("walls, strains, motion, curves", "no label map was predicted"))
    standings, truth = {}, {}
    if reference is not None:
        truth = {column: reference.value(name, column) for column in names}
        pairs = ((column, reference.standing(name, column, value, person)) for column, value in values.items())
        standings = {column: standing for column, standing in pairs if standing is not None}
    return ReportedSubject(
        name,
        person,
        values,
        {name: width for name, width in widths.items() if np.isfinite(width)},
        confidences(row),
        truth,
        standings,
        missing(row, names) + unusable,
        list(dict.fromkeys(findings(row) + [("noted", note) for note in notes(heart)] + flaws)),
        regions(heart, measured) if heart.views else [],
        measured.curves,
        np.nan if stack is None else stack.frame_ms,
        heart.rate,
        heart,
    )


def measured_on(heart: LabelledHeart) -> Measured:
    """Return the volumes of label maps, without doubtful ones."""
    maps = {view: labelled.map for view, labelled in heart.views.items()}
    return without_doubtful(measure(maps, heart.rate), heart)


def without_doubted(measured: Measured, values: dict[str, float]) -> Measured:
    """Return measures without the structures of which all volumes of `predict` are missing."""
    doubts = {}
    for structure, prefix in FIRST_VOLUME.items():
        volumes = [value for name, value in values.items() if name.startswith(f"{prefix} (")]
        if volumes and not np.isfinite(volumes).any():
            doubts[structure] = "its volume cannot be believed, see above"
    return without_structures(measured, doubts)


def unmeasured(regional: list[Value]) -> list[tuple[str, str]]:
    """Return names and reason of missing regional measures, those of one reason together."""
    groups: dict[str, list[str]] = {}
    for line in regional:
        if line.reason:
            view = "" if line.segment.isdecimal() or line.segment in LEVELS else f" {view_title(line.segment)}"
            groups.setdefault(line.reason, []).append(f"{line.measure}{view}")
    return [(", ".join(dict.fromkeys(names)), reason) for reason, names in groups.items()]
