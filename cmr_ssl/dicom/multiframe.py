"""Classic MR objects of many frames, which have one position and one time for all: read only if unambiguous.

An object is one slice over the beat if it says that its frames follow each other in time, or that the beat has as many
images as it has frames, and nothing contradicts that.
"""

import math
import struct

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.dicom.archive import Member
from cmr_ssl.dicom.elements import Elements
from cmr_ssl.dicom.header import MR_IMAGE, ImageHeader, to_header
from cmr_ssl.dicom.tags import Tag

LONGEST = 1.25  # beats that the frames of one slice may cover


def cine_frames(member: Member, values: Elements) -> list[ImageHeader]:
    """Return the headers of the frames of an object that can only be one slice over the beat, else none.

    Raises:
        Refusal: if it is one, but no magnitude image with a position.
    """
    count = values.whole(Tag.FRAMES)
    if values.text(Tag.SOP_CLASS) != MR_IMAGE or count < 2 or not values.values.get(Tag.POSITION):
        return []
    times = _times(values, count)
    if times is None or not _one_beat(values, times):
        return []
    whole = to_header(member, values)._replace(frames=count)
    return [
        whole._replace(
            instance=f"{whole.instance}#{index}",
            temporal=index + 1,
            frame=index,
            number=index + 1,
            trigger_ms=float(time),
        )
        for index, time in enumerate(times)
    ]


def _times(values: Elements, count: int) -> NDArray[np.float64] | None:
    """Return the times of frames in ms after the first, NaN if unknown; None if frames do not follow in time."""
    pointer = _frame_pointer(values)
    if pointer == Tag.FRAME_STEP and (step := values.number(Tag.FRAME_STEP)) > 0:
        return step * np.arange(count, dtype=np.float64)
    if pointer == Tag.FRAME_STEPS:
        steps = np.array(values.numbers(Tag.FRAME_STEPS), dtype=np.float64)
        return np.cumsum(steps, dtype=np.float64) - steps[0] if len(steps) == count and (steps[1:] > 0).all() else None
    return np.full(count, math.nan) if pointer == 0 and values.whole(Tag.IMAGES) == count else None


def _frame_pointer(values: Elements) -> int:
    """Return the tag by which frames differ, 0 if unknown."""
    raw = values.values.get(Tag.POINTER, b"")
    if len(raw) < 4:
        return 0
    group, element = struct.unpack("<HH" if values.little else ">HH", raw[:4])
    return int(group << 16 | element)


def _one_beat(values: Elements, times: NDArray[np.float64]) -> bool:
    """Tell whether the frames can be those of one beat by number and duration."""
    expected, interval = values.whole(Tag.IMAGES), values.number(Tag.INTERVAL)
    covered = times[-1] * len(times) / (len(times) - 1)
    return expected in (0, len(times)) and not covered > LONGEST * interval
