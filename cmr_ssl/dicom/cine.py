"""Images to cines: the frames of one slice, in the order of the beat, with a gap where a frame is missing."""

import re
from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.dicom.acquisitions import apart
from cmr_ssl.dicom.file_issues import FileIssues
from cmr_ssl.dicom.frame_order import in_order
from cmr_ssl.dicom.header import Header, PixelGrid, axes
from cmr_ssl.dicom.triggers import in_ms, interval_of, possible
from cmr_ssl.preparation.beat_frames import BEAT_MS
from cmr_ssl.study import Finding

FEWEST_FRAMES = 8  # of a cine, as `prepare` has it
MOST_FRAMES = 200
SAME_GRID = 0.05  # mm, or parts of a direction: rounding within one series, no movement
INLINE = re.compile("inline_?vf", re.IGNORECASE)
OTHER = re.compile(r"ao_?dist|lvot|flow|tagging|molli|scout|locali[sz]er", re.IGNORECASE)
UNEVEN = 0.25  # of a frame's duration


class Cine(NamedTuple):
    """One slice as it was acquired once.

    Attributes:
        name: description of its series.
        series: UID of its series.
        grid: where it lies.
        frames: the images around the beat, None where one is missing, (T,).
        frame_ms: time between frames, NaN where unknown.
        interval_ms: of the beat as the scanner saw it, NaN where unknown.
        derived: whether it was computed from other images.
        acquired: when, as sortable text.
        thickness: mm.
        normal: across the slice, LPS+, (3,).
    """

    name: str
    series: str
    grid: PixelGrid
    frames: tuple[Header | None, ...]
    frame_ms: float
    interval_ms: float
    derived: bool
    acquired: str
    thickness: float
    normal: NDArray[np.float64]

    @property
    def missing(self) -> int:
        """How many frames are missing."""
        return sum(frame is None for frame in self.frames)


def find_cines(headers: list[Header]) -> tuple[list[Cine], list[Finding]]:
    """Return every slice that shows a beat; what else there is becomes findings."""
    odd = FileIssues()
    wanted = _without_others(_without_copies(headers, odd), odd)
    cines: list[Cine] = []
    findings: list[Finding] = []
    for place in _places(wanted):
        groups, found = apart(place)
        findings += found
        for group in groups:
            cine, found = _cine(group)
            findings += found
            if cine is None and not found:
                odd.add("not-a-cine", group[0].member.name, _no_beat(group))
            cines += [] if cine is None else [cine]
    return cines, odd.findings() + findings


def inline_cines(headers: list[Header]) -> list[Cine]:
    """Return the copies with the scanner's own results drawn in, one cine a place."""
    places = _places([header for header in headers if INLINE.search(header.name)])
    groups = [group for place in places for group in apart(place)[0]]
    return [cine for cine, _ in map(_cine, groups) if cine is not None]


def _without_copies(headers: list[Header], odd: FileIssues) -> list[Header]:
    """Keep one file an image."""
    kept: dict[str, Header] = {}
    for header in headers:
        if header.instance and header.instance in kept:
            odd.add("duplicate-image", header.member.name, f"is the same image as {kept[header.instance].member.name}")
        kept.setdefault(header.instance or header.member.name, header)
    return list(kept.values())


def _without_others(headers: list[Header], odd: FileIssues) -> list[Header]:
    """Leave out what its own name calls something else: results drawn into copies, flow, tagging, the aorta."""
    kept = []
    for header in headers:
        if INLINE.search(header.name):
            odd.add("inline-result", header.member.name, "is a copy with the scanner's own results drawn in")
        elif OTHER.search(header.name):
            odd.add("other-series", header.member.name, f"belongs to {header.name}, no cine of the heart's views")
        else:
            kept.append(header)
    return kept


def _places(headers: list[Header]) -> list[list[Header]]:
    """Group the images of each series by where they lie."""
    groups: dict[tuple[str, PixelGrid], list[Header]] = {}
    for header in headers:
        groups.setdefault((header.series, header.grid), []).append(header)
    places: list[list[Header]] = []
    last: tuple[str, PixelGrid] | None = None
    for key in sorted(groups):
        if last is not None and last[0] == key[0] and _same(last[1], key[1]):
            places[-1] += groups[key]
        else:
            places.append(groups[key])
            last = key
    return places


def _same(one: PixelGrid, other: PixelGrid) -> bool:
    if one[:2] != other[:2]:
        return False
    numbers = [grid.spacing + grid.orientation + grid.position for grid in (one, other)]
    return all(abs(first - second) < SAME_GRID for first, second in zip(*numbers, strict=True))


def _cine(images: list[Header]) -> tuple[Cine | None, list[Finding]]:
    if len(images) > 2 * MOST_FRAMES:
        return None, []
    timed, findings = in_ms(images)
    ordered, found = in_order(timed)
    findings += [one for one in found if not findings or one.code != "trigger-times"]
    expected = Counter(image.expected for image in images).most_common(1)[0][0]
    count = expected if len(ordered) <= expected <= MOST_FRAMES else _span(ordered)
    if not ordered:
        return None, findings
    if not FEWEST_FRAMES <= count <= MOST_FRAMES or 2 * len(ordered) < count:
        return None, []
    frame_ms, interval_ms = timing(ordered, count)
    if np.isfinite(frame_ms) and not possible(frame_ms * count, interval_ms):
        return None, []
    frames, found = _fitted(ordered, count, frame_ms)
    first = ordered[0]
    cine = Cine(
        name=first.name,
        series=first.series,
        grid=first.grid,
        frames=frames,
        frame_ms=frame_ms,
        interval_ms=interval_ms,
        derived=first.derived,
        acquired=max(image.acquired for image in ordered),
        thickness=first.thickness if first.thickness > 0 else 0.0,
        normal=axes(first.grid.orientation)[2],
    )
    return cine, findings + found


def _no_beat(images: list[Header]) -> str:
    """Say why images are no cine, as far as their trigger times tell."""
    triggers = [image.trigger_ms for image in images]
    long = len(triggers) > 1 and np.ptp(triggers) > BEAT_MS[1]
    return f"belongs to {len(images)} images that are no beat" + (
        f": their trigger times (TriggerTime) cover {np.ptp(triggers):.0f} ms" if long else ""
    )


def timing(ordered: list[Header], count: int) -> tuple[float, float]:
    """Return the time between frames and the beat in ms, NaN where unknown."""
    triggers = np.array([image.trigger_ms for image in ordered])
    interval = interval_of(ordered)
    steps = np.diff(triggers)
    if not np.isfinite(triggers).all() or not (steps > 0).all():
        return interval / count, interval
    step = float(np.sort(steps)[(len(steps) - 1) // 2])
    regular = steps[np.abs(steps - step) < UNEVEN * step]  # over a missing frame the step is two
    return float(regular.mean()), interval


def _span(ordered: list[Header]) -> int:
    """Return how many frames the trigger times span, missing ones counted, as far as they tell."""
    triggers = np.array([image.trigger_ms for image in ordered])
    if np.isnan(triggers).all():
        triggers = np.array([float(image.temporal) for image in ordered])
    steps = np.diff(triggers)
    if not np.isfinite(triggers).all() or not len(steps) or not (steps > 0).all():
        return len(ordered)
    spanned = 1 + round(float(triggers[-1] - triggers[0]) / float(np.median(steps)))
    return spanned if len(ordered) < spanned <= 1.5 * len(ordered) else len(ordered)


def _fitted(ordered: list[Header], count: int, frame_ms: float) -> tuple[tuple[Header | None, ...], list[Finding]]:
    """Put each image at its place in the beat."""
    if len(ordered) == count:
        return tuple(ordered), _uneven(ordered, frame_ms)
    frames: list[Header | None] = [None] * count
    for index, image in zip(places_in_beat(ordered, count, frame_ms), ordered, strict=True):
        frames[index] = image
    return tuple(frames), []


def places_in_beat(ordered: list[Header], count: int, frame_ms: float) -> list[int]:
    """Return which of `count` frames each image is, by trigger time, place in time or number, else the first ones."""
    triggers = np.array([image.trigger_ms for image in ordered])
    numbers = np.array([image.number for image in ordered])
    temporal = np.array([image.temporal for image in ordered])
    by_time = np.round(triggers / frame_ms) if np.isfinite(triggers).all() and np.isfinite(frame_ms) else numbers * 0.0
    by_time = by_time - max(0.0, by_time.max() - (count - 1))
    for places in (by_time, temporal - 1, (numbers - 1) % count):
        if places.min() >= 0 and places.max() < count and (np.diff(places) > 0).all():
            return [int(place) for place in places]
    return list(range(len(ordered)))


def _uneven(ordered: list[Header], frame_ms: float) -> list[Finding]:
    """Note frames that are not evenly spread over the beat."""
    triggers = np.array([image.trigger_ms for image in ordered])
    if not np.isfinite(triggers).all():
        return []
    worst = float(np.abs(np.diff(triggers) - frame_ms).max())
    if np.isnan(frame_ms) or worst <= UNEVEN * frame_ms:
        return []
    message = f"frames are {frame_ms:.1f} ms apart, but one step is {worst:.1f} ms off"
    return [Finding("uneven-frames", "noted", ordered[0].name, message, worst)]
