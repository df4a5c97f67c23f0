"""The order of a cine's frames: by trigger time, else by whatever else orders all of them."""

from collections.abc import Callable
from itertools import groupby

import numpy as np

from cmr_ssl.dicom.header import ImageHeader
from cmr_ssl.study import Finding

FALLBACKS: dict[str, Callable[[ImageHeader], float]] = {
    "temporal positions": lambda image: image.temporal,
    "numbers": lambda image: image.number if image.frames == 1 else 0,
    "acquisition times": lambda image: image.acquired_s,
    "content times": lambda image: image.content_s,
}


def sort_frames(images: list[ImageHeader]) -> tuple[list[ImageHeader], list[Finding]]:
    """Sort images by trigger time, or by the first of `FALLBACKS` that orders them; one image a time.

    Returns:
        The images, none without any order, and findings on what ordered them.
    """
    triggers = [image.trigger_ms for image in images]
    distinct = len(set(triggers))
    if not np.isfinite(triggers).all() or 2 * distinct <= len(images):
        return _sort_without_triggers(images)
    if distinct < len(images) == images[0].expected:  # the beat has so many frames, so none of them is a double
        numbered, findings = _sort_without_triggers(images)
        if numbered:
            return numbered, findings
    ordered = sorted(images, key=lambda image: (image.trigger_ms, image.number, image.instance))
    unique = [next(same) for _, same in groupby(ordered, key=lambda image: image.trigger_ms)]
    count = len(ordered) - len(unique)
    message = f"{count} images share their trigger time with another one; the first of each was used"
    return unique, [Finding("double-frames", "noted", images[0].name, message, count)] if count else []


def _sort_without_triggers(images: list[ImageHeader]) -> tuple[list[ImageHeader], list[Finding]]:
    for name, key in FALLBACKS.items():
        if _orders([key(image) for image in images]):
            message = f"the trigger times do not order the frames; their {name} did"
            return sorted(images, key=key), [Finding("trigger-times", "noted", images[0].name, message)]
    message = f"nothing tells the order of {len(images)} frames: no trigger times, numbers or times; they were left out"
    return [], [Finding("no-order", "rejected", images[0].name, message, len(images))]


def _orders(ranks: list[float]) -> bool:
    """Tell whether all images have different ranks, counted from 0 or all above 0; other zeros are unknown ranks."""
    counted_from_0 = min(ranks) == 0 and max(ranks) == len(ranks) - 1
    return bool(np.isfinite(ranks).all() and (min(ranks) > 0 or counted_from_0) and len(set(ranks)) == len(ranks))
