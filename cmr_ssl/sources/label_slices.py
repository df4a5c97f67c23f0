"""Whether the slices of a label map belong together: none stored twice, and all contracting together."""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import LV, UNLABELLED, is_structure
from cmr_ssl.preparation.checks.intersections import correlation
from cmr_ssl.preparation.doubled_slices import COARSE_MM

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

FEWEST_FRAMES, FEWEST_SLICES = 8, 4  # from which the time of contraction can be told
LARGE, CONTRACTS = 0.3, 0.2  # share of the largest slice's area, and share of its own that a slice loses
TOGETHER = 0.5  # correlation of a slice's area with that of all others; 96 sound maps have 0.56 or more
TURNED = 1 / 3  # of the slices; an aneurysm moves against the others, too, but in fewer


def unsynchronised(labels: Labels) -> str:
    """Describe a short axis (X, Y, S, T) whose slices do not contract together; "" otherwise.

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
    apart = sum(correlation(area, beating.sum(axis=0) - area) < TOGETHER for area in beating)
    if apart < TURNED * len(beating):
        return ""
    return (
        f"{apart} of {len(beating)} slices contract at another time than the rest: their frames begin at different "
        "parts of the beat"
    )


def repeated_slices(labels: Labels, affine: Array) -> list[int]:
    """Return which slices of a coarse short axis (X, Y, S, T) equal the next one at all frames."""
    drawn = np.flatnonzero(is_structure(labels).any(axis=(0, 1, 3))).tolist()
    same = [index for index in drawn if index + 1 in drawn and (labels[:, :, index] == labels[:, :, index + 1]).all()]
    return same if np.linalg.norm(affine[:3, 2]) > COARSE_MM and len(same) < len(drawn) - 1 else []
