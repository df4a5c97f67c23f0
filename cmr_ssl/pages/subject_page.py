"""The page of one subject."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.cohort.columns import FIELDS, unit_of
from cmr_ssl.conformal import LEVEL
from cmr_ssl.measures import Value
from cmr_ssl.pages import cines
from cmr_ssl.pages.bulls_eye import BY_LEVEL, SEGMENTAL, bulls_eyes
from cmr_ssl.pages.gauge import Gauge, gauge, ordinal
from cmr_ssl.pages.numbers import CHAMBERS, bare_name, meaning_of
from cmr_ssl.pages.percentiles import SEXES, Person, Standing
from cmr_ssl.pages.predictions import BEATING, STILL, Predicted
from cmr_ssl.pages.render import Provenance, embedded, number, render
from cmr_ssl.pages.subject import ReportedSubject, unmeasured
from cmr_ssl.pages.volume_curves import draw
from cmr_ssl.volumes import MS_A_MINUTE

KEY = ("LVEDV (mL)", "LVEF (%)", "LVM (g)", "RVEDV (mL)", "RVEF (%)", "LAV max (mL)")
PER_SURFACE = ("mL", "g", "L/min")  # units of values that are divided by the body surface area
NO_PEERS = "No reference values: give --reference TABLE, with at least 40 people of the same sex."
PEERS = (
    "Range and percentile are those of people of the same sex nearest in age in the reference ({source}), the subject "
    "left out. They describe that cohort, its diseases included, and are no limits of health."
)

INTERVALS = (
    f"±: the true value lies in this interval for {100 * LEVEL:.0f} % of people like those the model was validated on."
)


class Row(NamedTuple):
    """One phenotype: name without unit, meaning, value, its interval, unit, value per body surface, and peers."""

    name: str
    meaning: str
    value: float
    within: float | None
    unit: str
    indexed: float | None
    standing: Standing | None
    gauge: Gauge | None
    percentile: str

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return bool(np.isfinite(self.value))


class BeatPicture(NamedTuple):
    """The picture of the beating heart: its data URL, caption, and names and colours of the structures in it."""

    source: str
    caption: str
    legend: list[tuple[str, str]]


def subject_page(subject: ReportedSubject, predicted: Predicted, folder: Path, provenance: Provenance) -> str:
    """Return the page of one subject; `folder` is that of its predictions."""
    rows = {name: _row(name, subject) for name in subject.values}
    peers = next((standing.peers for standing in subject.standings.values()), "")
    return render(
        "subject.html",
        provenance,
        title=subject.name,
        about=about(subject.person, subject.heart_rate),
        cards=[rows[name] for name in KEY if name in rows],
        confidence=", ".join(f"{name} {value:.2f}" for name, value in subject.confidence.items()),
        picture=_beat_picture(subject, predicted, folder),
        curves=draw(subject.curves, subject.frame_ms),
        chambers=_chambers(rows),
        indexed=np.isfinite(subject.person.bsa),
        peers=f"beside {peers}" if peers else "",
        intervals=INTERVALS if subject.within else "",
        peers_note=PEERS.format(source=provenance.reference) if peers else NO_PEERS,
        bulls_eyes=bulls_eyes(subject.regional),
        motion=motion(subject.regional),
        findings=subject.findings,
        missing=subject.missing + unmeasured(subject.regional),
    )


def _row(name: str, subject: ReportedSubject) -> Row:
    value, unit, standing = subject.values[name], unit_of(name), subject.standings.get(name)
    surface = subject.person.bsa
    indexed = value / surface if unit in PER_SURFACE and np.isfinite(surface) else None
    compared = (gauge(value, standing), ordinal(standing.percentile)) if standing else (None, "")
    within = subject.within.get(name)
    return Row(bare_name(name), meaning_of(name)[0], value, within, unit, indexed, standing, *compared)


def about(person: Person, heart_rate: float) -> list[tuple[str, str]]:
    """Return names and values of what is known of a person."""
    lines = [("Sex", {0: "female", 1: "male"}[int(person.sex)])] if person.sex in SEXES else []
    numbers = (("Age", person.age, 0, "years"), ("BSA", person.bsa, 2, "m²"), ("Heart rate", heart_rate, 0, "bpm"))
    lines += [(name, f"{number(value, digits)} {unit}") for name, value, digits, unit in numbers if np.isfinite(value)]
    return lines


def _chambers(rows: dict[str, Row]) -> list[tuple[str, list[Row]]]:
    """Return the phenotypes of each chamber under its name, and all others."""
    titles = {**CHAMBERS, "": "others"}
    groups: dict[str, list[Row]] = {chamber: [] for chamber in titles}
    for name, row in rows.items():
        groups[name[:2] if name in FIELDS and name[:2] in CHAMBERS else ""].append(row)
    return [(titles[chamber].capitalize(), group) for chamber, group in groups.items() if group]


def motion(regional: list[Value]) -> list[list[Value]]:
    """Return the known values that no bull's eye shows, in two columns."""
    shown = {*SEGMENTAL, *BY_LEVEL}
    lines = [line for line in regional if (line.measure, line.phase) not in shown and np.isfinite(line.value)]
    half = -(-len(lines) // 2)
    return [column for column in (lines[:half], lines[half:]) if column]


def _beat_picture(subject: ReportedSubject, predicted: Predicted, folder: Path) -> BeatPicture | None:
    """Draw the beating heart on its images, or take the picture of `predict`; None without either."""
    tiles = [] if predicted.study is None else cines.tiles(predicted.study, subject.heart)
    if tiles:
        count = max(len(tile.grey) for tile in tiles)
        beat_ms = MS_A_MINUTE / subject.heart_rate
        picture = cines.webp(cines.frames(tiles, count), beat_ms)
        return BeatPicture(embedded(picture, "image/webp"), "borders as predicted, on the images", cines.legend())
    for name, kind in ((BEATING, "image/gif"), (STILL, "image/png")):
        if (path := folder / name).is_file():
            caption = "as the network saw it; give --source for larger pictures"
            return BeatPicture(embedded(path.read_bytes(), kind), caption, [])
    return None
