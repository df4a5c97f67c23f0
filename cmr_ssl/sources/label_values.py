"""What the numbers of a label map mean, and whether the structures can be those of a heart.

The anatomy that is checked: the wall surrounds the left ventricle and nothing else; the right side lies to the right
and front of the left one; atria lie behind their ventricles; no ventricle has a gap or is longer than 15 cm.
A mapping of classes that contradicts it was written for other files, and all measures would be wrong.
"""

from collections.abc import Mapping
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import BACKGROUND, CLASSES, LV, MYOCARDIUM, RV, UNLABELLED, is_structure
from cmr_ssl.planes import RIGHT_ANTERIOR_RAS, unit

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

ROUNDING = 1e-3  # from a whole number; what conversion leaves. More is interpolation or a scale.
TABLE_SIZE = 1 << 16  # numbers looked up in a table; wider ranges are sorted
SURROUNDED = 0.75  # share of a structure's edge that touches one other; the LV has 0.98 to 1, the RV 0.17 to 0.43
TOUCHING = 0.1  # share of the RV's edge that touches the LV; 116 real maps have below 0.001, with the wall in it 0.17
FEWEST_EDGES = 40  # between pixels of a structure and others, from which its surroundings can be told
SAMPLED_FRAMES = 4
MIRRORED = -0.3  # cosine between the direction to the right side and the expected one
LONGEST_MM = 150.0  # of a ventricle, along the stack


def checked_numbers(classes: Mapping[int, str]) -> dict[int, str]:
    """Return a mapping with its keys as int.

    Args:
        classes: number in a file to class name; keys as a config gives them, "3" and 3.0 are 3.

    Raises:
        ValueError: if a key is no whole number or repeated, a class is unknown, or 0 is more than background.
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


def whole_numbers(values: NDArray[np.generic]) -> tuple[NDArray[np.generic], str]:
    """Return label numbers as integers, NaN as 0, a note on rounding; raise ValueError for fractions or infinity."""
    if values.dtype.kind in "iub":
        return values, ""
    numbers = np.where(np.isnan(values), 0, values)
    if np.isinf(numbers).any():
        raise ValueError("holds infinite numbers, which mean no class")
    rounded = np.rint(numbers)
    off = np.abs(numbers - rounded)
    if off.max(initial=0) > ROUNDING:
        few = listed(np.unique(numbers[off > ROUNDING]).tolist())
        raise ValueError(
            f"holds fractions ({few}): it was interpolated or scaled, and its edges mean nothing; "
            "resample label maps with nearest neighbours, and store the numbers of the classes"
        )
    note = f"numbers up to {off.max():.1g} off were rounded" if off.any() else ""
    return rounded.astype(np.int64), note


def to_classes(
    values: NDArray[np.generic], classes: Mapping[int, str], unlabelled: int | None = None
) -> tuple[Labels, list[float]]:
    """Renumber a label map of any whole numbers.

    Args:
        values: numbers as stored, (X, Y, S, T); 255 is unlabelled unless it is a class.
        classes: number to class name.
        unlabelled: another number of pixels that nobody labelled.

    Returns:
        Classes, (X, Y, S, T) uint8, 255 where the number is unknown; and the unknown numbers.
    """
    index_of = {0: BACKGROUND, UNLABELLED: UNLABELLED}
    index_of |= {number: CLASSES.index(name) for number, name in classes.items()}
    index_of |= {} if unlabelled is None else {unlabelled: UNLABELLED}
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if values.dtype.kind in "iub" and high - low < TABLE_SIZE:
        inverse = values.astype(np.int64) - int(low)
        numbers = list(range(int(low), int(high) + 1))
        present = (np.flatnonzero(np.bincount(inverse.ravel(order="K"))) + int(low)).tolist()
    else:
        unique, inverse = np.unique(values, return_inverse=True)
        numbers = present = unique.tolist()
    table = np.array([index_of.get(number, UNLABELLED) for number in numbers], dtype=np.uint8)
    return table[inverse].reshape(values.shape), [number for number in present if number not in index_of]


def wrongly_surrounded(labels: Labels, classes: Mapping[int, str]) -> str:
    """Describe structures of a short axis (X, Y, S, T) that surround or touch others against anatomy; "" if none do."""
    edges = _edges(labels)
    total = edges.sum(axis=1)
    shares = edges / np.maximum(total, 1)[:, None]
    pairs = [pair for pair in permutations((LV, MYOCARDIUM, RV), 2) if pair != (LV, MYOCARDIUM)]
    inner, outer = max(pairs, key=lambda pair: shares[pair])
    name = {index: _numbered(index, classes) for index in (inner, outer, LV, MYOCARDIUM, RV)}
    if total[inner] >= FEWEST_EDGES and shares[inner, outer] >= SURROUNDED:
        return (
            f"{name[outer]} surrounds {name[inner]}, where in a heart {name[MYOCARDIUM]} surrounds {name[LV]} and "
            "nothing else: the numbers mean other classes, or were interpolated; name them with --files"
        )
    if total[RV] >= FEWEST_EDGES and shares[RV, LV] >= TOUCHING:
        return (
            f"{name[LV]} touches {name[RV]}, where in a heart the wall lies between them: it is drawn as a part of one "
            "of them; name the numbers with --files"
        )
    return ""


def mere_mask(labels: Labels, classes: Mapping[int, str]) -> str:
    """Describe a short axis that shows nothing but number 1, where the mapping names several; "" otherwise.

    Such a map may be a mask of the cavity, of all within the epicardium, or of the heart: nobody can check it.
    """
    named = {CLASSES.index(name) for name in classes.values()} - {BACKGROUND}
    drawn = [index for index in named if (labels == index).any()]
    if len(named) < 2 or len(drawn) != 1 or CLASSES[drawn[0]] not in (classes.get(1), classes.get(UNLABELLED)):
        return ""
    return (
        f"only {_numbered(drawn[0], classes)} is drawn, which may be a mask of anything: if it is the "
        f"{CLASSES[drawn[0]]}, name no other number with --files"
    )


def holds_wall(labels: Labels) -> bool:
    """Tell whether the wall is drawn around the left ventricle of a short axis (X, Y, S, T)."""
    edges = _edges(labels)[LV]
    return bool(edges.sum() >= FEWEST_EDGES and edges[MYOCARDIUM] >= SURROUNDED * edges.sum())


def mirrored(labels: Labels, affine: Array, left: int, right: int) -> bool:
    """Tell whether a `right` structure lies on the left of its `left` partner.

    Args:
        labels: classes of one view, (X, Y, S, T).
        affine: voxel to scanner mm, RAS+, (4, 4); not a nominal one.
        left: LV or LA.
        right: RV or RA.
    """
    start, end = centre(labels, affine, left), centre(labels, affine, right)
    if start is None or end is None or not (end - start).any():
        return False
    return float(unit(end - start) @ RIGHT_ANTERIOR_RAS) < MIRRORED


def centre(labels: Labels, affine: Array, value: int) -> Array | None:
    """Return the centroid of a class of labels (X, Y, S, T) in scanner mm, (3,); None where it is not drawn."""
    voxels = np.argwhere(labels == value)
    return voxels[:, :3].mean(axis=0) @ affine[:3, :3].T + affine[:3, 3] if len(voxels) else None


def touches_edge(labels: Labels, value: int) -> bool:
    """Tell whether a class reaches the edge of the image anywhere in (X, Y, S, T): part of it may be missing."""
    return any(bool((side == value).any()) for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]))


def beside_unlabelled(labels: Labels, value: int) -> bool:
    """Tell whether a class borders in plane on unlabelled pixels of (X, Y, S, T): part of it may be missing."""
    inside, unlabelled = labels == value, labels == UNLABELLED
    pairs = ((inside, unlabelled), (unlabelled, inside))
    return any((one[1:] & two[:-1]).any() or (one[:, 1:] & two[:, :-1]).any() for one, two in pairs)


def broken_stack(labels: Labels, affine: Array, value: int) -> str:
    """Describe gaps in, or too many, slices (X, Y, S, T) of a ventricle or its wall; "" if nothing is wrong."""
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


def _edges(labels: Labels) -> NDArray[np.int64]:
    """Count the edges between in-plane neighbours of different classes in a few drawn frames, (classes, classes)."""
    count = len(CLASSES)
    drawn = np.flatnonzero(is_structure(labels).any(axis=(0, 1, 2)))
    steps = np.linspace(0, max(0, len(drawn) - 1), min(len(drawn), SAMPLED_FRAMES))
    labels = labels[..., drawn[steps.round().astype(int)]]
    classes = np.where(labels < count, labels, BACKGROUND).astype(np.int64)
    pairs = [(classes[1:], classes[:-1]), (classes[:, 1:], classes[:, :-1])]
    edges = sum(np.bincount((here * count + there).ravel(), minlength=count**2) for here, there in pairs)
    table = np.asarray(edges).reshape(count, count)
    table = table + table.T
    np.fill_diagonal(table, 0)
    return table


def _numbered(index: int, classes: Mapping[int, str]) -> str:
    numbers = [str(number) for number, name in classes.items() if name == CLASSES[index]]
    return f"number {' or '.join(numbers)} ({CLASSES[index]})" if numbers else CLASSES[index]
