"""Images to cines: the frames of one slice in the order of the beat, with gaps for missing frames."""

import re
from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.dicom.acquisitions import split_acquisitions
from cmr_ssl.dicom.file_issues import FileIssues
from cmr_ssl.dicom.frame_order import sort_frames
from cmr_ssl.dicom.header import ImageHeader, PixelGrid, axes
from cmr_ssl.dicom.moments import over_midnight
from cmr_ssl.dicom.triggers import beat_interval, is_plausible_beat, triggers_in_ms
from cmr_ssl.study import Finding

FEWEST_FRAMES = 8  # of a cine, as `prepare` has it
MOST_FRAMES = 200
SAME_GRID = 0.05  # mm, or components of a direction: rounding within one series
INLINE = re.compile("inline_?vf", re.IGNORECASE)
OTHER = re.compile(
    r"ao_?dist|^(?!.*(3|three)[ _-]?ch).*lvot|(?<![a-z])flow(?![a-z]|[ _-]?comp)|molli|scout|locali[sz]er"
    r"|(?<!no[ _-])(?<!non[ _-])(grid[ _-]?tag|tagg(ing|ed)|spamm)",
    re.IGNORECASE,
)
UNEVEN = 0.25  # of a frame's duration
LONGEST_BEAT = 1.15  # of the scanner's beat; frames that the scanner counts beyond it do not exist
ONE_A_BEAT_S = 0.3  # between images acquired one by one, above which they are no frames of one beat
THICKEST_MM = 30.0  # of a slice of a cine
INVERSIONS = 2  # inversion times of one slice, above which its images make a map of relaxation times


class Cine(NamedTuple):
    """One acquisition of one slice."""

    name: str  # description of its series
    series: str  # UID of its series
    grid: PixelGrid  # size and position
    frames: tuple[ImageHeader | None, ...]  # the images of the beat, None for missing ones, (T,)
    frame_ms: float  # time between frames, NaN if unknown
    interval_ms: float  # length of the beat by the scanner, NaN if unknown
    derived: bool  # whether it was computed from other images
    acquired: str  # sortable date and time
    thickness: float  # mm
    normal: NDArray[np.float64]  # across the slice, LPS+, (3,)

    @property
    def missing(self) -> int:
        """Number of missing frames."""
        return sum(frame is None for frame in self.frames)


def find_cines(headers: list[ImageHeader]) -> tuple[list[Cine], list[Finding]]:
    """Return every slice that shows a beat; other images become findings."""
    issues = FileIssues()
    cines: list[Cine] = []
    findings: list[Finding] = []
    for images in _by_position(_without_other_series(_without_copies(headers, issues), issues)):
        if len({image.inversion for image in images}) > INVERSIONS:
            why = f"belongs to {len(images)} images of different inversion times, which are no frames of a beat"
            issues.add("not-a-cine", images[0].member.name, why)
            continue
        groups, more = split_acquisitions(_dated(images))
        findings += more
        for group in groups:
            cine, more = _cine(group)
            findings += more
            if cine is not None:
                cines.append(cine)
            elif not more and len(group) >= FEWEST_FRAMES:
                issues.add("no-beat", group[0].member.name, _no_beat(group))
            elif not more:
                issues.add("not-a-cine", group[0].member.name, _no_beat(group))
    return cines, issues.findings() + findings


def _dated(images: list[ImageHeader]) -> list[ImageHeader]:
    """Return the images of one slice with times that go on over midnight."""
    acquired = over_midnight([image.acquired_s for image in images])
    content = over_midnight([image.content_s for image in images])
    times = zip(images, acquired, content, strict=True)
    return [image._replace(acquired_s=one, content_s=other) for image, one, other in times]


def inline_cines(headers: list[ImageHeader]) -> list[Cine]:
    """Return the copies with the scanner's own results drawn in, one cine a position."""
    positions = _by_position([header for header in headers if INLINE.search(header.name)])
    groups = [group for images in positions for group in split_acquisitions(images)[0]]
    return [cine for cine, _ in map(_cine, groups) if cine is not None]


def _without_copies(headers: list[ImageHeader], issues: FileIssues) -> list[ImageHeader]:
    """Keep one file an image; programs that remove identities may give all images one UID."""
    kept: dict[tuple[object, ...], ImageHeader] = {}
    for header in headers:
        same = (header.series, header.grid, header.number, header.trigger_ms, header.acquired, header.temporal)
        first = kept.setdefault((header.instance or header.member.name, *same), header)
        if first is not header:
            issues.add("duplicate-image", header.member.name, f"is the same image as {first.member.name}")
    return list(kept.values())


def _without_other_series(headers: list[ImageHeader], issues: FileIssues) -> list[ImageHeader]:
    """Leave out series whose names say that they are no cines of the heart: inline results, flow, tagging, aorta."""
    kept = []
    for header in headers:
        if INLINE.search(header.name):
            issues.add("inline-result", header.member.name, "is a copy with the scanner's own results drawn in")
        elif OTHER.search(header.name):
            issues.add("other-series", header.member.name, f"belongs to {header.name}, no cine of the heart's views")
        else:
            kept.append(header)
    return kept


def _by_position(headers: list[ImageHeader]) -> list[list[ImageHeader]]:
    """Group the images of each series by their grid."""
    groups: dict[tuple[str, PixelGrid], list[ImageHeader]] = {}
    for header in headers:
        groups.setdefault((header.series, header.grid), []).append(header)
    merged: list[list[ImageHeader]] = []
    last: tuple[str, PixelGrid] | None = None
    for series, grid in sorted(groups):
        if last is not None and last[0] == series and _same_grid(last[1], grid):
            merged[-1] += groups[series, grid]
        else:
            merged.append(groups[series, grid])
            last = series, grid
    return merged


def _same_grid(first: PixelGrid, second: PixelGrid) -> bool:
    if first[:2] != second[:2]:
        return False
    numbers = [grid.spacing + grid.orientation + grid.position for grid in (first, second)]
    return all(abs(one - other) < SAME_GRID for one, other in zip(*numbers, strict=True))


def _cine(images: list[ImageHeader]) -> tuple[Cine | None, list[Finding]]:
    if len(images) > 2 * MOST_FRAMES:
        return None, []
    timed, findings = triggers_in_ms(images)
    ordered, more = sort_frames(timed)
    findings += [finding for finding in more if not findings or finding.code != "trigger-times"]
    if not ordered:
        return None, findings
    if findings and _one_a_beat(ordered):
        return None, []
    expected = Counter(image.expected for image in images).most_common(1)[0][0]
    count = expected if len(ordered) <= expected <= _most_frames(ordered) else _frame_count(ordered)
    if not FEWEST_FRAMES <= count <= MOST_FRAMES or 2 * len(ordered) < count:
        return None, []
    frame_ms, interval_ms = timing(ordered, count)
    if np.isfinite(frame_ms) and not is_plausible_beat(frame_ms * count, interval_ms):
        return None, []
    frames, uneven = _with_gaps(ordered, count, frame_ms)
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
        thickness=first.thickness if 0 < first.thickness <= THICKEST_MM else 0.0,
        normal=axes(first.grid.orientation)[2],
    )
    return cine, findings + uneven


def _most_frames(ordered: list[ImageHeader]) -> float:
    """Return how many frames the beat can have; as many images as it has time for are all of them."""
    steps = np.diff([image.trigger_ms for image in ordered])
    if not len(steps) or not (steps > 0).all():
        return MOST_FRAMES
    frame_ms, interval_ms = timing(ordered, len(ordered))
    if np.isnan(interval_ms):
        return MOST_FRAMES
    return min(MOST_FRAMES, max(len(ordered), LONGEST_BEAT * interval_ms / frame_ms))


def _one_a_beat(images: list[ImageHeader]) -> bool:
    """Tell whether images without times in the beat were acquired beat by beat, as those of perfusion are."""
    acquired = np.unique([image.acquired_s for image in images])
    counted = images[0].expected == len(images)
    known = not counted and len(acquired) == len(images) > 1 and bool(np.isfinite(acquired).all())
    return known and float(np.median(np.diff(acquired))) > ONE_A_BEAT_S


def _no_beat(images: list[ImageHeader]) -> str:
    """Describe images that are no cine, with the time they cover."""
    covered = float(np.ptp([image.trigger_ms for image in images]))
    times = f": their trigger times (TriggerTime) cover {covered:.0f} ms" if covered > 0 else ""
    return f"belongs to {len(images)} images that are no beat{times}"


def timing(ordered: list[ImageHeader], count: int) -> tuple[float, float]:
    """Return the time between frames and the length of the beat in ms, NaN where unknown."""
    triggers = np.array([image.trigger_ms for image in ordered])
    interval = beat_interval(ordered)
    steps = np.diff(triggers)
    if not np.isfinite(triggers).all() or not (steps > 0).all():
        return interval / count, interval
    step = float(np.sort(steps)[(len(steps) - 1) // 2])
    regular = steps[np.abs(steps - step) < UNEVEN * step]  # not over missing frames
    return float(regular.mean()), interval


def _frame_count(ordered: list[ImageHeader]) -> int:
    """Return the number of frames including missing ones, by the trigger times or temporal ranks if they are usable."""
    triggers = np.array([image.trigger_ms for image in ordered])
    if np.isnan(triggers).all():
        triggers = np.array([float(image.temporal) for image in ordered])
    steps = np.diff(triggers)
    if not np.isfinite(triggers).all() or not len(steps) or not (steps > 0).all():
        return len(ordered)
    spanned = 1 + round(float(triggers[-1] - triggers[0]) / float(np.median(steps)))
    return spanned if len(ordered) < spanned <= 1.5 * len(ordered) else len(ordered)


def _with_gaps(
    ordered: list[ImageHeader], count: int, frame_ms: float
) -> tuple[tuple[ImageHeader | None, ...], list[Finding]]:
    """Return `count` frames, None for missing ones, and findings on uneven ones."""
    if len(ordered) == count:
        return tuple(ordered), _uneven(ordered, frame_ms)
    frames: list[ImageHeader | None] = [None] * count
    for index, image in zip(places_in_beat(ordered, count, frame_ms), ordered, strict=True):
        frames[index] = image
    return tuple(frames), []


def places_in_beat(ordered: list[ImageHeader], count: int, frame_ms: float) -> list[int]:
    """Return the index of each image among `count` frames, by trigger time, temporal rank or number, else counted."""
    triggers = np.array([image.trigger_ms for image in ordered])
    numbers = np.array([image.number for image in ordered])
    temporal = np.array([image.temporal for image in ordered])
    by_time = np.round(triggers / frame_ms) if np.isfinite(triggers).all() and np.isfinite(frame_ms) else numbers * 0.0
    by_time = by_time - max(0.0, by_time.max() - (count - 1))
    for places in (by_time, temporal - 1, (numbers - 1) % count):
        if places.min() >= 0 and places.max() < count and (np.diff(places) > 0).all():
            return [int(place) for place in places]
    return list(range(len(ordered)))


def _uneven(ordered: list[ImageHeader], frame_ms: float) -> list[Finding]:
    """Return a finding if the frames are not evenly spread over the beat."""
    triggers = np.array([image.trigger_ms for image in ordered])
    if not np.isfinite(triggers).all() or not (np.diff(triggers) > 0).all():
        return []
    worst = float(np.abs(np.diff(triggers) - frame_ms).max())
    if np.isnan(frame_ms) or worst <= UNEVEN * frame_ms:
        return []
    message = f"frames are {frame_ms:.1f} ms apart, but one step is {worst:.1f} ms off"
    return [Finding("uneven-frames", "noted", ordered[0].name, message, worst)]
