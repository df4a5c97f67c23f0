"""What the numbers of a label map mean, and whether what is drawn can be a heart.

The laws of anatomy that are used: the wall surrounds the left ventricle and nothing else; the right side lies to the
right and front of the left one; atria lie behind their ventricles; no ventricle has a gap or is longer than a hand.
A class list that breaks one was written for other files, and all that is measured with it would be wrong.
"""

from collections.abc import Mapping
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import BACKGROUND, CLASSES, LV, MYOCARDIUM, RV, UNLABELLED
from cmr_ssl.planes import RIGHT_ANTERIOR_RAS, unit

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

ALMOST = 1e-3  # from a whole number; what conversion leaves. More is interpolation or a scale.
TABLE = 1 << 16  # numbers looked up in a table; wider ranges are sorted
SURROUNDED = 0.75  # share of a structure's edge that touches one other; the LV has 0.98 to 1, the RV 0.17 to 0.43
TOUCHING = 0.1  # share of the RV's edge that touches the LV; 116 real maps have below 0.001, with the wall in it 0.17
FEWEST_EDGES = 40  # between pixels of a structure and others, from which its surroundings can be told
FRAMES_LOOKED_AT = 4
TURNED_BACK = -0.3  # cosine between where the right side lies and where it should
LONGEST_MM = 150.0  # of a ventricle, along the stack


def checked_numbers(classes: Mapping[int, str]) -> dict[int, str]:
    """Return the numbers of a mapping as whole numbers.

    Args:
        classes: number in a file to class name; keys as a config gives them, "3" and 3.0 are 3.

    Raises:
        ValueError: if a key is no whole number or there twice, a class is unknown, or 0 is more than background.
    """
    numbers: dict[int, str] = {}
    for key, name in classes.items():
        number = _number(key)
        if name not in CLASSES:
            raise ValueError(f"unknown class {name!r} of number {number}, choose from {list(CLASSES)}")
        if number == 0 and name != CLASSES[BACKGROUND]:
            raise ValueError(f"0 cannot be {name}: 0 is background in every label map")
        if number in numbers:
            raise ValueError(f"the number {number} is there twice")
        numbers[number] = name
    return numbers


def whole(values: NDArray[np.generic]) -> tuple[NDArray[np.generic], str]:
    """Return label numbers as whole numbers, what is no number as 0, and a note where any had to be rounded.

    Raises:
        ValueError: if there are fractions, or numbers without end; a part of a sentence.
    """
    if values.dtype.kind in "iub":
        return values, ""
    numbers = np.where(np.isnan(values), 0, values)
    if np.isinf(numbers).any():
        raise ValueError("holds infinite numbers, which mean no class")
    rounded = np.rint(numbers)
    off = np.abs(numbers - rounded)
    if off.max(initial=0) > ALMOST:
        few = listed(np.unique(numbers[off > ALMOST]).tolist())
        raise ValueError(
            f"holds fractions ({few}): it was interpolated or scaled, and its edges mean nothing; "
            "resample label maps with nearest neighbours, and store the numbers of the classes"
        )
    note = f"numbers up to {off.max():.1g} off were rounded" if off.any() else ""
    return rounded.astype(np.int64), note


def to_classes(values: NDArray[np.generic], classes: Mapping[int, str]) -> tuple[Labels, list[float]]:
    """Renumber a label map.

    Args:
        values: numbers as stored, (X, Y, S, T); any whole numbers.
        classes: number to class name.

    Returns:
        Classes, (X, Y, S, T) uint8, 255 where the number is unknown; and the unknown numbers.
    """
    meaning = {0: BACKGROUND} | {number: CLASSES.index(name) for number, name in classes.items()}
    least, most = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if values.dtype.kind in "iub" and most - least < TABLE:
        offset = int(least)
        table = np.full(int(most) - offset + 1, UNLABELLED, dtype=np.uint8)
        for number, index in meaning.items():
            if 0 <= number - offset < len(table):
                table[number - offset] = index
        renumbered = table[values.astype(np.int64) - offset]
        seen = np.flatnonzero(np.bincount((values.astype(np.int64) - offset).ravel(order="K"))) + offset
        return renumbered, [number for number in seen.tolist() if number not in meaning]
    numbers, which = np.unique(values, return_inverse=True)
    table = np.array([meaning.get(number, UNLABELLED) for number in numbers.tolist()], dtype=np.uint8)
    unknown = [number for number in numbers.tolist() if number not in meaning]
    return table[which].reshape(values.shape), unknown


def wrongly_surrounded(labels: Labels, classes: Mapping[int, str]) -> str:
    """Say what surrounds or touches what if it is not the wall that surrounds the left ventricle; else nothing.

    Args:
        labels: classes of a short axis, (X, Y, S, T).
        classes: number in the file to class name, to name the numbers.
    """
    edges = _edges(_some_frames(labels))
    total = edges.sum(axis=1)
    shares = edges / np.maximum(total, 1)[:, None]
    pairs = [pair for pair in permutations((LV, MYOCARDIUM, RV), 2) if pair != (LV, MYOCARDIUM)]
    inner, outer = max(pairs, key=lambda pair: shares[pair])
    if total[inner] < FEWEST_EDGES or shares[inner, outer] < SURROUNDED:
        return _without_wall(total[RV], shares[RV, LV], classes)
    said = {index: _numbered(index, classes) for index in (inner, outer, LV, MYOCARDIUM)}
    return (
        f"{said[outer]} surrounds {said[inner]}, where in a heart {said[MYOCARDIUM]} surrounds {said[LV]} and nothing "
        "else: the numbers mean other classes, or were interpolated; name them with --files"
    )


def _without_wall(edge: int, touching: float, classes: Mapping[int, str]) -> str:
    """Say that the ventricles touch; `touching` is the share of the RV's edge, of so many pixels, that is the LV's."""
    if edge < FEWEST_EDGES or touching < TOUCHING:
        return ""
    return (
        f"{_numbered(LV, classes)} touches {_numbered(RV, classes)}, where in a heart the wall lies between them: it "
        "is drawn as a part of one of them; name the numbers with --files"
    )


def holds_wall(labels: Labels) -> bool:
    """Tell whether the wall is drawn around the left ventricle of a short axis (X, Y, S, T)."""
    edges = _edges(_some_frames(labels))
    return bool(edges[LV].sum() >= FEWEST_EDGES and edges[LV, MYOCARDIUM] >= SURROUNDED * edges[LV].sum())


def mirrored(labels: Labels, affine: Array, left: int, right: int) -> bool:
    """Tell whether a `right` structure lies on the left of its `left` partner.

    Args:
        labels: classes of one view, (X, Y, S, T).
        affine: voxel to scanner mm, RAS+, (4, 4); one that somebody wrote.
        left: LV or LA.
        right: RV or RA.
    """
    one, other = centre(labels, affine, left), centre(labels, affine, right)
    if one is None or other is None or not (other - one).any():
        return False
    return float(unit(other - one) @ RIGHT_ANTERIOR_RAS) < TURNED_BACK


def centre(labels: Labels, affine: Array, value: int) -> Array | None:
    """Return the mean place of a class in scanner mm, (3,), of labels (X, Y, S, T); None where it is not drawn."""
    found = np.argwhere(labels == value)
    return found[:, :3].mean(axis=0) @ affine[:3, :3].T + affine[:3, 3] if len(found) else None


def cut_off(labels: Labels, value: int) -> bool:
    """Tell whether a class reaches the edge of the picture anywhere in (X, Y, S, T): part of it may be missing."""
    edge = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    return any(bool((side == value).any()) for side in edge)


def beside_unlabelled(labels: Labels, value: int) -> bool:
    """Tell whether a class borders in plane on pixels of (X, Y, S, T) that nobody labelled: part may be missing."""
    for axis in (0, 1):
        one, other = (labels.take(np.arange(labels.shape[axis] - 1) + first, axis) for first in (0, 1))
        if (((one == value) & (other == UNLABELLED)) | ((one == UNLABELLED) & (other == value))).any():
            return True
    return False


def broken_stack(labels: Labels, affine: Array, value: int) -> str:
    """Say what is wrong with the slices that a ventricle or its wall is drawn on, (X, Y, S, T), if anything."""
    drawn = (labels == value).any(axis=(0, 1))
    step = float(np.linalg.norm(affine[:3, 2]))
    for frame in np.flatnonzero(drawn.any(axis=0)).tolist():
        slices = np.flatnonzero(drawn[:, frame])
        if len(slices) < np.ptp(slices) + 1:
            gap = min({*range(slices[0], slices[-1])} - {*slices.tolist()})
            return f"the {CLASSES[value]} is drawn on both sides of slice {gap}, but not on it, at frame {frame}"
        if len(slices) * step > LONGEST_MM:
            return f"the {CLASSES[value]} is {len(slices) * step:.0f} mm long, longer than any heart"
    return ""


def listed(values: list[float] | list[int], most: int = 5) -> str:
    """List the first few values."""
    return ", ".join(f"{value:g}" for value in values[:most]) + (", ..." if len(values) > most else "")


def _number(key: object) -> int:
    """Return a key as a whole number."""
    number = float(key) if isinstance(key, str) and key.strip().lstrip("+-").isdecimal() else key
    if isinstance(number, bool) or not isinstance(number, int | float) or not float(number).is_integer():
        raise ValueError(f"{key!r} is no number of a label map: classes are keyed by whole numbers, such as 1: LV")
    return int(number)


def _some_frames(labels: Labels) -> Labels:
    """Return a few of the frames on which anything is drawn."""
    drawn = np.flatnonzero(((labels != BACKGROUND) & (labels != UNLABELLED)).any(axis=(0, 1, 2)))
    steps = np.linspace(0, max(0, len(drawn) - 1), min(len(drawn), FRAMES_LOOKED_AT))
    return labels[..., drawn[steps.round().astype(int)]]


def _edges(labels: Labels) -> NDArray[np.int64]:
    """Count the edges between in-plane neighbours of different classes, (classes, classes)."""
    count = len(CLASSES)
    known = np.where(labels < count, labels, BACKGROUND).astype(np.int64)
    pairs = [(known[1:], known[:-1]), (known[:, 1:], known[:, :-1])]
    edges = sum(np.bincount((one * count + other).ravel(), minlength=count**2) for one, other in pairs)
    table = np.asarray(edges).reshape(count, count)
    table = table + table.T
    np.fill_diagonal(table, 0)
    return table


def _numbered(index: int, classes: Mapping[int, str]) -> str:
    numbers = [str(number) for number, name in classes.items() if name == CLASSES[index]]
    return f"number {' or '.join(numbers)} ({CLASSES[index]})" if numbers else CLASSES[index]
