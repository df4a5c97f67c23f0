"""Do the slices of a label map belong together: each there once, and all of one beat?"""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import BACKGROUND, LV, UNLABELLED

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

COARSE_MM = 5.0  # to less, stacks are resampled with each slice repeated, which keeps volumes
FEWEST_FRAMES, FEWEST_SLICES = 8, 4  # of which one can tell when they contract
LARGE, CONTRACTS = 0.3, 0.2  # share of the largest slice's area, and of its own that a slice loses
TOGETHER = (
    0.5  # correlation of areas with those of all other slices; 96 sound maps, true and predicted, have 0.56 or more
)
TURNED = 1 / 3  # of the slices; an aneurysm moves against the others, too, but in fewer


def twice(labels: Labels, affine: Array) -> str:
    """Say that every slice of a short axis (X, Y, S, T) is there twice, which doubles volumes, if so."""
    if np.linalg.norm(affine[:3, 2]) < COARSE_MM or not _repeated(labels):
        return ""
    return "every slice is stored twice, so volumes would be doubled: store each slice once"


def out_of_time(labels: Labels) -> str:
    """Say that the slices of a short axis (X, Y, S, T) do not contract together, if so.

    Slices whose frames begin at different parts of the beat have no common ES, and volumes hardly change.
    """
    areas = (labels == LV).sum(axis=(0, 1)).astype(np.float64)  # (S, T)
    areas = areas[:, (labels != UNLABELLED).any(axis=(0, 1, 2)) & (areas.sum(axis=0) > 0)]
    if areas.shape[1] < FEWEST_FRAMES:
        return ""
    most, least = areas.max(axis=1), areas.min(axis=1)
    beating = areas[(least > 0) & (most >= LARGE * most.max()) & (most - least >= CONTRACTS * most)]
    if len(beating) < FEWEST_SLICES:
        return ""
    apart = sum(_correlation(one, beating.sum(axis=0) - one) < TOGETHER for one in beating)
    if apart < TURNED * len(beating):
        return ""
    return (
        f"{apart} of {len(beating)} slices contract at another time than the rest: their frames begin at different "
        "parts of the beat"
    )


def same_as_next(labels: Labels, affine: Array) -> list[int]:
    """Return which slices of a short axis (X, Y, S, T) show at all frames what the next one shows, of a coarse grid."""
    drawn = _drawn(labels)
    alike = [one for one in drawn if one + 1 in drawn and np.array_equal(labels[:, :, one], labels[:, :, one + 1])]
    return alike if np.linalg.norm(affine[:3, 2]) >= COARSE_MM and len(alike) < len(drawn) - 1 else []


def _repeated(labels: Labels) -> bool:
    """Tell whether each slice follows itself, or the stack follows itself; slices that are all alike do not count."""
    count = labels.shape[2]
    if count < FEWEST_SLICES or count % 2:
        return False
    pairs = [(labels[:, :, ::2], labels[:, :, 1::2]), (labels[:, :, : count // 2], labels[:, :, count // 2 :])]
    different = len({labels[:, :, index].tobytes() for index in _drawn(labels)})
    return different > 1 and any(np.array_equal(one, other) for one, other in pairs)


def _drawn(labels: Labels) -> list[int]:
    """Return the slices on which anything is drawn."""
    found = ((labels != BACKGROUND) & (labels != UNLABELLED)).any(axis=(0, 1, 3))
    return [int(index) for index in np.flatnonzero(found)]


def _correlation(one: Array, other: Array) -> float:
    one, other = one - one.mean(), other - other.mean()
    return float(one @ other) / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12)
