"""Do the ventricles of a label map have the shape of ventricles? A volume of an outline, or of two hearts, is none."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_fill_holes, label

from cmr_ssl.anatomy import BACKGROUND, CLASSES, LV, MYOCARDIUM, RV
from cmr_ssl.planes import spacing

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

HOLLOW = 0.3  # share of what a ventricle's outline holds that is background; papillary muscles take a tenth
FARTHEST_MM = 30.0  # in plane, between where a ventricle is at one frame and usually; breath and beat move it by 10 mm
INSIDE, OUTSIDE = 0.75, 0.5  # share of a part's border that is wall: of the left ventricle, of anything else
LARGE_PART, FEWEST_SLICES = 0.2, 3  # share of a slice's pixels, and slices in which a second part is no slip of the pen
FRAMES_LOOKED_AT = 4


def implausible_shape(labels: Labels, affine: Array) -> str:
    """Say what is wrong with the shape of the ventricles of a short axis, (X, Y, S, T), if anything."""
    for value in (LV, RV):
        if flaw := _hollow(labels, value) or _wandering(labels, affine, value):
            return flaw
    return _outside_wall(labels)


def _hollow(labels: Labels, value: int) -> str:
    """Say that only the outline of a ventricle is drawn."""
    solid = holes = 0
    for picture in _pictures(labels, value):
        filled = binary_fill_holes(picture == value)
        solid += int(filled.sum())
        holes += int((filled & (picture == BACKGROUND)).sum())
    if not solid or holes < HOLLOW * solid:
        return ""
    return f"the {CLASSES[value]} is drawn as an outline, {holes / solid:.0%} of its inside is background: fill it"


def _wandering(labels: Labels, affine: Array, value: int) -> str:
    """Say that a ventricle is elsewhere at some frame."""
    drawn = labels == value
    places = [np.argwhere(drawn[..., frame])[:, :2].mean(axis=0) for frame in np.flatnonzero(drawn.any(axis=(0, 1, 2)))]
    if len(places) < 2:
        return ""
    away = np.linalg.norm((places - np.median(places, axis=0)) * spacing(affine), axis=1)
    if away.max() <= FARTHEST_MM:
        return ""
    return f"the {CLASSES[value]} is {away.max():.0f} mm from its place at some frame: are these frames of one beat?"


def _outside_wall(labels: Labels) -> str:
    """Say that a part of the left ventricle lies beside the wall that surrounds the rest of it."""
    slices = sum(_has_part_outside(picture) for picture in _pictures(labels, LV))
    if slices < FEWEST_SLICES:
        return ""
    return "a part of the LV lies outside of the wall around the rest: two structures have one number, or two hearts"


def _has_part_outside(picture: Labels) -> bool:
    parts, count = label(picture == LV)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    shares = [_walled(parts == 1 + part, picture) for part in np.flatnonzero(sizes >= LARGE_PART * sizes.sum())]
    return len(shares) > 1 and max(shares) >= INSIDE and min(shares) < OUTSIDE


def _walled(part: NDArray[np.bool_], picture: Labels) -> float:
    """Return the share of a part's border that is wall."""
    border = binary_dilation(part) & ~part
    return float((picture[border] == MYOCARDIUM).mean())


def _pictures(labels: Labels, value: int) -> list[Labels]:
    """Return the slices (X, Y) of a few frames that show a class."""
    drawn = (labels == value).any(axis=(0, 1))
    frames = np.flatnonzero(drawn.any(axis=0))
    some = frames[np.linspace(0, len(frames) - 1, min(len(frames), FRAMES_LOOKED_AT)).round().astype(int)]
    return [labels[:, :, index, frame] for frame in some.tolist() for index in np.flatnonzero(drawn[:, frame]).tolist()]
