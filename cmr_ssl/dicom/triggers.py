"""Trigger times in other units: seconds and microseconds are converted, frame numbers give the order only."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.dicom.header import ImageHeader
from cmr_ssl.preparation.beat_frames import BEAT_MS
from cmr_ssl.study import Finding

UNITS = {"seconds": 1000.0, "microseconds": 0.001}
PART_OF_BEAT = (0.25, 1.5)  # of the nominal beat that frames may cover, arrhythmia included
SAME_BEAT = (0.5, 1.1)  # of the nominal beat, for another unit to be plausible
EVEN = 0.01  # of a step; counted frames are evenly spaced, measured beats are not
LONGER_S = 2.0  # images acquired over a longer time show more than one beat where each has its own time
MISSING = 1.25  # frames that the scanner counts, for each that exists
FEWEST_TIMES = 3  # for steps to mean anything
LONGEST_FRAME_MS = 150.0  # steps up to this are times, over several beats where they cover more than one


class Span(NamedTuple):
    """Range of the trigger times of a slice: a typical step, and all frames of the beat."""

    step: float
    whole: float


def beat_interval(images: list[ImageHeader]) -> float:
    """Return the length of the beat by the scanner in ms, NaN where it is not that of a heart."""
    interval = float(np.median([image.interval_ms for image in images]))
    return interval if BEAT_MS[0] <= interval <= BEAT_MS[1] else float("nan")


def triggers_in_ms(images: list[ImageHeader]) -> tuple[list[ImageHeader], list[Finding]]:
    """Return the images of one slice with trigger times in ms since the R wave, or as temporal ranks only."""
    span = _span(images)
    if span is None or is_plausible_beat(span.whole, beat_interval(images)):
        return images, []
    interval = beat_interval(images)
    for unit, scale in UNITS.items():
        if SAME_BEAT[0] <= span.whole * scale / interval <= SAME_BEAT[1]:
            message = f"trigger times are in {unit}, as the beat of {interval:.0f} ms tells; they were converted"
            scaled = [image._replace(trigger_ms=image.trigger_ms * scale) for image in images]
            return scaled, [Finding("trigger-unit", "repaired", images[0].name, message, span.whole)]
    if span.whole > BEAT_MS[1] and not _counted(images, span):
        return images, []  # perhaps times over many beats
    return _order_only(images, span, interval)


def is_plausible_beat(whole: float, interval: float) -> bool:
    """Tell whether frames that cover `whole` ms can be those of one beat."""
    return bool(BEAT_MS[0] <= whole <= BEAT_MS[1] or PART_OF_BEAT[0] <= whole / interval <= PART_OF_BEAT[1])


def _order_only(images: list[ImageHeader], span: Span, interval: float) -> tuple[list[ImageHeader], list[Finding]]:
    """Turn trigger times into temporal ranks, with a finding."""
    first = min(image.trigger_ms for image in images)
    ordered = [
        image._replace(trigger_ms=float("nan"), temporal=1 + round((image.trigger_ms - first) / span.step))
        for image in images
    ]
    if len({image.temporal for image in ordered}) < len({image.trigger_ms for image in images}):
        ranks = {time: 1 + rank for rank, time in enumerate(sorted({image.trigger_ms for image in images}))}
        ordered = [image._replace(trigger_ms=float("nan"), temporal=ranks[image.trigger_ms]) for image in images]
    rest = "the time between frames is unknown" if np.isnan(interval) else f"the beat of {interval:.0f} ms timed them"
    message = (
        f"trigger times in steps of {span.step:g} ms (TriggerTime) are no times within a beat; "
        f"they ordered the frames, and {rest}"
    )
    return ordered, [Finding("trigger-unit", "noted", images[0].name, message, span.whole)]


def _counted(images: list[ImageHeader], span: Span) -> bool:
    """Tell whether times beyond a beat are frame numbers: evenly spaced, about as many as the beat has."""
    times = _times(images)
    if span.step <= LONGEST_FRAME_MS:
        return False
    steps = np.diff(times) / span.step
    acquired = np.array([image.acquired_s for image in images])
    if np.isfinite(acquired).all() and np.ptp(acquired) > LONGER_S and 2 * len(set(acquired)) > len(times):
        return False  # every image has its own time, over many beats
    expected = max(image.expected for image in images)
    return bool(len(times) <= expected <= MISSING * len(times) and (np.abs(steps - np.rint(steps)) <= EVEN).all())


def _span(images: list[ImageHeader]) -> Span | None:
    """Return the range of trigger times; None where they are missing or few images differ."""
    times = _times(images)
    if not np.isfinite(times).all() or len(times) < FEWEST_TIMES or 2 * len(times) <= len(images):
        return None
    step = float(np.median(np.diff(times)))
    return Span(step, float(times[-1] - times[0]) + step)


def _times(images: list[ImageHeader]) -> NDArray[np.float64]:
    return np.unique([image.trigger_ms for image in images])
