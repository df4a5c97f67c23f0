"""Several breath-holds of one slice in one series, split by number and time before their frames are ordered."""

from collections.abc import Callable, Hashable
from itertools import pairwise

import numpy as np

from cmr_ssl.dicom.header import ImageHeader
from cmr_ssl.study import Finding

APART_S = 3.0  # between breath-holds; within one, images are less than a long beat apart
MOST = 12  # acquisitions of one slice; more parts are something else
LEAST = 4  # images of an acquisition, if only its number or time tells it from others
FEW = 0.75  # of images with a time of their own, above which the others are stray duplicates
KeyFunction = Callable[[list[ImageHeader]], list[Hashable]]


def split_acquisitions(images: list[ImageHeader]) -> tuple[list[list[ImageHeader]], list[Finding]]:
    """Split the images of one slice in one series where they show the beat more than once.

    Returns:
        The images of each acquisition and findings; no images if the beat is repeated and nothing tells the
        acquisitions apart.
    """
    if _one_beat(images):
        return [images], []
    repeated = _repeated(images)
    for name, key in (KEYS | LATER_KEYS if repeated else KEYS).items():
        parts = _parts(images, key(images))
        if 1 < len(parts) <= MOST and _overlapping(parts, repeated):
            message = f"one series holds {len(parts)} acquisitions of one slice; their {name} told them apart"
            findings = [Finding("several-acquisitions", "noted", images[0].name, message, len(parts))]
            groups: list[list[ImageHeader]] = []
            for part in parts:
                inner, more = split_acquisitions(part)
                groups += inner
                findings += more
            return groups, findings
    if not repeated or _few_duplicates(images):
        return [images], []
    message = f"{len(images)} images of one slice show the beat several times and nothing tells them apart"
    message += "; they were left out"
    return [], [Finding("mixed-acquisitions", "rejected", images[0].name, message, len(images))]


def _one_beat(images: list[ImageHeader]) -> bool:
    """Tell whether the images are as many as the beat has, and are numbered one by one."""
    numbers, echoes = ({getattr(image, name) for image in images} for name in ("number", "echo"))
    return len(numbers) == len(images) == images[0].expected and len(echoes) == 1


def _repeated(images: list[ImageHeader]) -> bool:
    """Tell whether times in the beat come twice, or there are twice the images that the beat has."""
    expected = max(image.expected for image in images)
    return len(images) >= 2 * expected > 0 or any(len(set(times)) < len(times) for times in _beat_times(images))


def _beat_times(images: list[ImageHeader]) -> list[list[float]]:
    """Return the times of all images in the beat: trigger times and temporal ranks, as far as all have them."""
    candidates = [[image.trigger_ms for image in images], [float(image.temporal) for image in images]]
    return [times for times in candidates if np.isfinite(times).all() and len(set(times)) > 1]


def _few_duplicates(images: list[ImageHeader]) -> bool:
    """Tell whether most images have a time of their own; of the few duplicates `sort_frames` keeps one."""
    return any(len(set(times)) >= FEW * len(times) for times in _beat_times(images)[:1])


def _overlapping(parts: list[list[ImageHeader]], repeated: bool) -> bool:
    """Tell whether parts overlap in the beat; segments of one acquisition do not."""
    enough = repeated or min(map(len, parts)) >= LEAST
    spans = sorted((min(times), max(times)) for part in parts for times in _beat_times(part)[:1])
    if not spans:
        return enough and min(map(len, parts)) >= 2 * LEAST
    return enough and any(later[0] < earlier[1] for earlier, later in pairwise(spans))


def _parts(images: list[ImageHeader], keys: list[Hashable]) -> list[list[ImageHeader]]:
    parts: dict[Hashable, list[ImageHeader]] = {}
    for image, key in zip(images, keys, strict=True):
        parts.setdefault(key, []).append(image)
    return list(parts.values())


def _breath_holds(images: list[ImageHeader], times: list[float]) -> list[Hashable]:
    """Return the number of each image's breath-hold; some seconds pass between two."""
    if not np.isfinite(times).all():
        return [0] * len(images)
    ordered = np.sort(times)
    ends = ordered[1:][np.diff(ordered) > APART_S]
    return [int(number) for number in np.searchsorted(ends, times, side="right")]


def _passes(images: list[ImageHeader]) -> list[Hashable]:
    """Return the number of each image's pass through the beat, in which times grow with the image number."""
    if len({image.number for image in images}) < len(images):
        return [0] * len(images)
    ordered = sorted(images, key=lambda image: image.number)
    times = next(iter(_beat_times(ordered)), [0.0] * len(ordered))
    starts = np.cumsum([0, *(np.diff(times) < 0)])
    passes = {image.number: int(number) for image, number in zip(ordered, starts, strict=True)}
    return [passes[image.number] for image in images]


KEYS: dict[str, KeyFunction] = {
    "files": lambda images: [image.member.name if image.frames > 1 else "" for image in images],
    "echo times": lambda images: [image.echo for image in images],
    "acquisition numbers": lambda images: [image.acquisition for image in images],
    "acquisition times": lambda images: _breath_holds(images, [image.acquired_s for image in images]),
}
LATER_KEYS: dict[str, KeyFunction] = {  # only where the beat is repeated
    "content times": lambda images: _breath_holds(images, [image.content_s for image in images]),
    "numbers": _passes,
}
