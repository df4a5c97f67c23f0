"""The page of one subject."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.cohort.columns import FIELDS, unit_of
from cmr_ssl.measures import Value
from cmr_ssl.pages import cines
from cmr_ssl.pages.bulls_eye import BY_LEVEL, SEGMENTAL, bulls_eyes
from cmr_ssl.pages.gauge import Gauge, gauge, ordinal
from cmr_ssl.pages.numbers import CHAMBERS, meaning_of
from cmr_ssl.pages.percentiles import SEXES, Person, Standing
from cmr_ssl.pages.predictions import BEATING, STILL, Predicted
from cmr_ssl.pages.render import embedded, number, render
from cmr_ssl.pages.subject import Subject, unmeasured
from cmr_ssl.pages.volume_curves import draw

KEY = ("LVEDV (mL)", "LVEF (%)", "LVM (g)", "RVEDV (mL)", "RVEF (%)", "LAV max (mL)")
PER_SURFACE = ("mL", "g", "L/min")  # units of what is divided by the body surface area
RESEARCH = "Research software, not a medical device: not for diagnosis or treatment."
SYNTHETIC = "The model has only seen synthetic hearts: how wrong it is about real ones nobody knows."
NO_PEERS = "No reference values: give --reference TABLE, with at least 40 people of the same sex."
PEERS = (
    "Range and percentile are those of people of the same sex nearest in age in the reference ({told}), the subject "
    "left out. They describe that cohort, its diseases included, and are no limits of health."
)


class Row(NamedTuple):
    """One phenotype: its short name, meaning, value, unit, and what it is compared with."""

    short: str
    meaning: str
    value: float
    unit: str
    indexed: float | None
    standing: Standing | None
    gauge: Gauge | None
    percentile: str
    interval: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return bool(np.isfinite(self.value))


class Beat(NamedTuple):
    """The picture of the beating heart: its address, what is to be said of it, and the colours in it."""

    source: str
    told: str
    legend: list[tuple[str, str]]


def subject_page(
    subject: Subject, predicted: Predicted, folder: Path, told: str, provenance: list[tuple[str, str]], version: str,
    synthetic: bool,
) -> str:  # fmt: skip
    """Return the page.

    Args:
        subject: what is known.
        predicted: its images and cells.
        folder: of its predictions.
        told: where reference values come from; "" without any.
        provenance: names and values for the foot of the page.
        version: of this program.
        synthetic: whether the model has only seen synthetic hearts.
    """
    rows = {name: row_of(name, subject) for name in subject.values}
    peers = next(iter({one.peers: None for one in subject.standings.values()}), "")
    return render(
        "subject.html",
        name=subject.name,
        about=about(subject.person, subject.heart_rate),
        notices=[RESEARCH, *([SYNTHETIC] if synthetic else [])],
        cards=[rows[name] for name in KEY if name in rows],
        beat=beat_of(subject, predicted, folder),
        curves=draw(subject.curves, subject.frame_ms),
        chambers=chambers(rows),
        indexed=np.isfinite(subject.person.bsa),
        intervals="",
        peers=f"beside {peers}" if peers else "",
        peers_note=PEERS.format(told=told) if peers else NO_PEERS,
        bulls=bulls_eyes(subject.regional),
        motion=motion(subject.regional),
        findings=subject.findings,
        missing=subject.missing + unmeasured(subject.regional),
        provenance=provenance,
        version=version,
    )


def row_of(name: str, subject: Subject) -> Row:
    """Return the line of a phenotype."""
    value, unit, at = subject.values[name], unit_of(name), subject.standings.get(name)
    surface = subject.person.bsa
    indexed = value / surface if unit in PER_SURFACE and np.isfinite(surface) else None
    short = re.sub(r"\s*\([^()]*\)\s*$", "", name) if unit else name
    compared = (gauge(value, at), ordinal(at.percentile)) if at else (None, "")
    return Row(short, meaning_of(name)[0], value, unit, indexed, at, *compared)


def about(person: Person, heart_rate: float) -> list[tuple[str, str]]:
    """Return what is known of a person, for the head of the page."""
    sex = {0: "female", 1: "male"}.get(int(person.sex)) if person.sex in SEXES else None
    told = [("Sex", sex)] if sex else []
    for name, value, unit in (
        ("Age", person.age, "years"),
        ("BSA", person.bsa, "m²"),
        ("Heart rate", heart_rate, "bpm"),
    ):
        if np.isfinite(value):
            told.append((name, f"{number(value, 2 if name == 'BSA' else 0)} {unit}"))
    return told


def chambers(rows: dict[str, Row]) -> list[tuple[str, list[Row]]]:
    """Return the phenotypes of each chamber under its name, and all others."""
    groups = [
        (title.capitalize(), [row for name, row in rows.items() if name in FIELDS and name.startswith(chamber)])
        for chamber, title in CHAMBERS.items()
    ]
    known = {row.short for _, some in groups for row in some}
    others = [row for row in rows.values() if row.short not in known]
    return [(title, some) for title, some in [*groups, ("Others", others)] if some]


def motion(regional: list[Value]) -> list[list[Value]]:
    """Return what no bull's eye shows and is known, in two columns."""
    shown = {*SEGMENTAL, *BY_LEVEL}
    rest = [one for one in regional if (one.measure, one.phase) not in shown and np.isfinite(one.value)]
    half = -(-len(rest) // 2)
    return [column for column in (rest[:half], rest[half:]) if column]


def beat_of(subject: Subject, predicted: Predicted, folder: Path) -> Beat | None:
    """Draw the beating heart on its images, or take the picture that `predict` made; None where there is neither."""
    tiles = [] if predicted.study is None else cines.tiles(predicted.study, subject.heart)
    if tiles:
        count = max(len(tile.grey) for tile in tiles)
        beat_ms = 60e3 / subject.heart_rate if np.isfinite(subject.heart_rate) else np.nan
        picture = cines.webp(cines.frames(tiles, count), beat_ms)
        return Beat(embedded(picture, "image/webp"), "borders as predicted, on the images", cines.legend())
    for name, kind in ((BEATING, "image/gif"), (STILL, "image/png")):
        if (path := folder / name).is_file():
            return Beat(
                embedded(path.read_bytes(), kind), "as the network saw it; give --source for larger pictures", []
            )
    return None
