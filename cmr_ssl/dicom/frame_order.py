"""The order of a cine's frames, from whatever tells it, and never from what does not."""

from collections.abc import Callable
from itertools import groupby
from typing import NamedTuple

import numpy as np

from cmr_ssl.dicom.header import Header
from cmr_ssl.study import Finding


class FrameOrder(NamedTuple):
    """One way to order frames: what it is called, and where each frame stands in it (NaN or 0 where unknown)."""

    name: str
    of: Callable[[Header], float]


INSTEAD = (
    FrameOrder("temporal positions", lambda image: image.temporal),
    FrameOrder("numbers", lambda image: image.number),
    FrameOrder("acquisition times", lambda image: image.acquired_s),
    FrameOrder("content times", lambda image: image.content_s),
)


def in_order(images: list[Header]) -> tuple[list[Header], list[Finding]]:
    """Sort images by trigger time, or by what tells their order instead; one image a time.

    Returns:
        The images, none where nothing tells their order, and findings that say what ordered them.
    """
    triggers = [image.trigger_ms for image in images]
    if not np.isfinite(triggers).all() or 2 * len(set(triggers)) <= len(images):
        return _otherwise(images)
    ordered = sorted(images, key=lambda image: (image.trigger_ms, image.number, image.instance))
    once = [next(same) for _, same in groupby(ordered, key=lambda image: image.trigger_ms)]
    if len(once) == len(ordered):
        return ordered, []
    count = len(ordered) - len(once)
    message = f"{count} images share their trigger time with another one; the first of each was used"
    return once, [Finding("double-frames", "noted", images[0].name, message, count)]


def _otherwise(images: list[Header]) -> tuple[list[Header], list[Finding]]:
    """Order images that have no trigger times of their own."""
    order = next((order for order in INSTEAD if _tells(order, images)), None)
    if order is None:
        message = (
            f"nothing tells the order of {len(images)} frames: no trigger times, numbers or times; they were left out"
        )
        return [], [Finding("no-order", "rejected", images[0].name, message, len(images))]
    message = f"the trigger times do not order the frames; their {order.name} did"
    return sorted(images, key=order.of), [Finding("trigger-times", "noted", images[0].name, message)]


def _tells(order: FrameOrder, images: list[Header]) -> bool:
    """Tell whether every image has its own place in an order; a zero among counted places is a place nobody knows."""
    places = np.array([order.of(image) for image in images])
    counted_from_0 = places.min() == 0 and places.max() == len(places) - 1
    return bool(np.isfinite(places).all() and (places.min() > 0 or counted_from_0) and len(set(places)) == len(places))
