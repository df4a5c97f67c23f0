"""Everything a page says of one subject, as plain values."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.doubts import notes, without_doubtful, without_implausible, without_structures
from cmr_ssl.measures import Value
from cmr_ssl.pages.cines import view_title
from cmr_ssl.pages.percentiles import Person, Reference, Standing
from cmr_ssl.pages.predictions import Predicted, missing, numbers, said
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.quantities import regions
from cmr_ssl.sources.label_folder import LabelledHeart
from cmr_ssl.volumes import Measured, measure

Array = NDArray[np.float64]


PREFIX = {"LV": "LVEDV", "myocardium": "LVM", "RV": "RVEDV", "LA": "LAV max", "RA": "RAV max"}
LEVELS = ("basal", "mid", "apical", "global", "LV", "LA")  # places that a measure's name need not tell
NO_LABELS = "no label map was predicted"


class Subject(NamedTuple):
    """What is known of one subject.

    Attributes:
        name: the id.
        person: who that is, as far as the reference tells.
        status: what the table says became of the subject.
        values: predicted, by the field's names; NaN where nothing can be believed.
        truth: the reference's own values of the same subject, NaN where it has none.
        standings: where a value stands among its peers, as far as there are any.
        missing: names and reason of what could not be told.
        findings: severity and sentence.
        regional: measures of walls, strains and motion; empty without label maps.
        curves: structure to volume in mL over the beat.
        frame_ms: time between frames, NaN if unknown.
        heart_rate: beats per minute, NaN if unknown.
        heart: the label maps that can be used.
    """

    name: str
    person: Person
    status: str
    values: dict[str, float]
    truth: dict[str, float]
    standings: dict[str, Standing]
    missing: list[tuple[str, str]]
    findings: list[tuple[str, str]]
    regional: list[Value]
    curves: dict[str, Array]
    frame_ms: float
    heart_rate: float
    heart: LabelledHeart


def subject_of(
    name: str,
    predicted: Predicted,
    names: tuple[str, ...],
    reference: Reference | None,
    flaws: list[tuple[str, str]],
) -> Subject:
    """Put together what is known of one subject.

    Args:
        name: the id.
        predicted: what `predict` wrote of it.
        names: columns of the table that hold numbers.
        reference: persons and their values; None without one.
        flaws: what `qc` and `inspect` found, severity and sentence.
    """
    row, heart = predicted.row, without_implausible(predicted.heart)
    values = numbers(row, names)
    person = Person() if reference is None else reference.person(name)
    measured = believed(measured_on(heart), values) if heart.views else Measured({}, {}, {})
    stack = heart.views.get(SHORT_AXIS)
    views = [(view, f"{why}: its label map was set aside") for view, why in heart.problems.items()]
    noted = [("noted", one) for one in notes(heart)]
    return Subject(
        name,
        person,
        row.get("status", ""),
        values,
        {} if reference is None else {one: reference.value(name, one) for one in names},
        {} if reference is None else _standings(reference, name, values, person),
        missing(row, names) + views + _without_regions(heart),
        list(dict.fromkeys(said(row) + noted + flaws)),
        regions(heart, measured) if heart.views else [],
        measured.curves,
        np.nan if stack is None else stack.frame_ms,
        heart.rate,
        heart,
    )


def measured_on(heart: LabelledHeart) -> Measured:
    """Return what the label maps give, without what they cannot tell."""
    return without_doubtful(measure({view: one.map for view, one in heart.views.items()}, heart.rate), heart)


def believed(measured: Measured, values: dict[str, float]) -> Measured:
    """Return what was measured without the structures of which `predict` believes no volume."""
    doubts = {}
    for structure, prefix in PREFIX.items():
        of_it = [value for name, value in values.items() if name.startswith(f"{prefix} (")]
        if of_it and not np.isfinite(of_it).any():
            doubts[structure] = "its volume cannot be believed, see above"
    return without_structures(measured, doubts)


def _standings(reference: Reference, name: str, values: dict[str, float], person: Person) -> dict[str, Standing]:
    found = {one: reference.standing(name, one, value, person) for one, value in values.items()}
    return {one: standing for one, standing in found.items() if standing is not None}


def _without_regions(heart: LabelledHeart) -> list[tuple[str, str]]:
    return [] if heart.views else [("walls, strains, motion, curves", NO_LABELS)]


def unmeasured(regional: list[Value]) -> list[tuple[str, str]]:
    """Return which regional measures could not be told and why, those of one reason together."""
    groups: dict[str, list[str]] = {}
    for one in regional:
        if one.reason:
            where = "" if one.segment.isdecimal() or one.segment in LEVELS else f" {view_title(one.segment)}"
            groups.setdefault(one.reason, []).append(f"{one.measure}{where}")
    return [(", ".join(dict.fromkeys(names)), why) for why, names in groups.items()]
