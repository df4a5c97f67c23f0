"""Several breath-holds of one slice in one series: told apart by number and time before their frames are ordered."""

from collections.abc import Callable, Hashable
from itertools import pairwise

import numpy as np

from cmr_ssl.dicom.header import Header
from cmr_ssl.study import Finding

APART_S = 3.0  # between images of one breath-hold there is less than a long beat
MOST = 12  # acquisitions of one slice; more parts are something else
LEAST = 4  # images of an acquisition, where nothing but its number or time says that there are several
FEW = 0.75  # of images that have moments of their own; then the others are stray doubles
Part = Callable[[list[Header]], list[Hashable]]


def apart(images: list[Header]) -> tuple[list[list[Header]], list[Finding]]:
    """Split the images of one slice in one series where they show the beat more than once.

    Returns:
        The images of each acquisition and what was found; no image where they show the beat several times and nothing
        tells the acquisitions apart.
    """
    repeated = _repeated(images)
    for name, key in (KEYS | LATER if repeated else KEYS).items():
        parts = _parts(images, key(images))
        if 1 < len(parts) <= MOST and _overlapping(parts, repeated):
            message = f"one series holds {len(parts)} acquisitions of one slice; their {name} told them apart"
            found = [Finding("several-acquisitions", "noted", images[0].name, message, len(parts))]
            split = [apart(part) for part in parts]
            return [one for ones, _ in split for one in ones], found + [one for _, more in split for one in more]
    if not repeated or _stray(images):
        return [images], []
    message = f"{len(images)} images of one slice show the beat several times and nothing tells them apart"
    return [], [
        Finding("mixed-acquisitions", "rejected", images[0].name, f"{message}; they were left out", len(images))
    ]


def _repeated(images: list[Header]) -> bool:
    """Tell whether moments come again, or whether there are twice the images that the beat has."""
    expected = max(image.expected for image in images)
    return len(images) >= 2 * expected > 0 or any(len(set(values)) < len(values) for values in _moments(images))


def _moments(images: list[Header]) -> list[list[float]]:
    """Return what says when in the beat each image was made, one list for each way in which all of them say it."""
    ways = [[image.trigger_ms for image in images], [float(image.temporal) for image in images]]
    return [values for values in ways if np.isfinite(values).all() and len(set(values)) > 1]


def _stray(images: list[Header]) -> bool:
    """Tell whether most images have a moment of their own; of the few doubles the order keeps one."""
    return any(len(set(values)) >= FEW * len(values) for values in _moments(images)[:1])


def _overlapping(parts: list[list[Header]], repeated: bool) -> bool:
    """Tell whether parts cover the same time of the beat: they do not where a segment of the beat is a part."""
    enough = repeated or min(map(len, parts)) >= LEAST
    spans = sorted((min(values), max(values)) for part in parts for values in _moments(part)[:1])
    if not spans:
        return enough and min(map(len, parts)) >= 2 * LEAST
    return enough and any(later[0] < earlier[1] for earlier, later in pairwise(spans))


def _parts(images: list[Header], keys: list[Hashable]) -> list[list[Header]]:
    parts: dict[Hashable, list[Header]] = {}
    for image, key in zip(images, keys, strict=True):
        parts.setdefault(key, []).append(image)
    return list(parts.values())


def _files(images: list[Header]) -> list[Hashable]:
    return [image.member.name if image.frames > 1 else "" for image in images]


def _held(images: list[Header], times: list[float]) -> list[Hashable]:
    """Number the breath-holds in which images were made: between two of them some seconds pass."""
    if not np.isfinite(times).all():
        return [0] * len(images)
    ordered = np.sort(times)
    ends = ordered[1:][np.diff(ordered) > APART_S]
    return [int(number) for number in np.searchsorted(ends, times, side="right")]


def _passes(images: list[Header]) -> list[Hashable]:
    """Number the passes through the beat: counted on, images start from the first moment again."""
    if len({image.number for image in images}) < len(images):
        return [0] * len(images)
    ordered = sorted(images, key=lambda image: image.number)
    moments = next(iter(_moments(ordered)), [0.0] * len(ordered))
    falls = np.cumsum([0, *(np.diff(moments) < 0)])
    passes = {image.number: int(number) for image, number in zip(ordered, falls, strict=True)}
    return [passes[image.number] for image in images]


KEYS: dict[str, Part] = {
    "files": _files,
    "echo times": lambda images: [image.echo for image in images],
    "acquisition numbers": lambda images: [image.acquisition for image in images],
    "acquisition times": lambda images: _held(images, [image.acquired_s for image in images]),
}
LATER: dict[str, Part] = {  # believed only where the beat is there more than once
    "content times": lambda images: _held(images, [image.content_s for image in images]),
    "numbers": _passes,
}
