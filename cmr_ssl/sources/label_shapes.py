"""Whether the ventricles of a label map have a plausible shape: no mere outlines, no jumps, no second heart."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_fill_holes, distance_transform_edt, label

from cmr_ssl.anatomy import BACKGROUND, CLASSES, LV, MYOCARDIUM, RV
from cmr_ssl.planes import spacing

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

HOLLOW = 0.3  # share of a ventricle's inside that is background; papillary muscles take a tenth
FARTHEST_MM = (
    30.0  # in plane, between a ventricle's place at one frame and its median; breath and beat move it by 10 mm
)
INSIDE, OUTSIDE = 0.75, 0.5  # share of a part's border that is wall: of the left ventricle, of anything else
LARGE_PART, FEWEST_SLICES = 0.2, 3  # share of a slice's pixels, and slices in which a second part is no slip of the pen
FEWEST_PIXELS = 12  # within a wall
THICKEST_MM, FAR = 30.0, 0.1  # of a wall, and share of it that may be farther from the LV
SAMPLED_FRAMES = 4


def implausible_shape(labels: Labels, affine: Array) -> str:
    """Describe what is wrong with the shape of the ventricles of a short axis (X, Y, S, T), "" if nothing is."""
    for value in (LV, RV):
        if flaw := _hollow(labels, value) or _wandering(labels, affine, value):
            return flaw
    return _wall_around_other(labels) or _far_wall(labels, affine) or _outside_wall(labels)


def _hollow(labels: Labels, value: int) -> str:
    """Describe a ventricle of which only the outline is drawn."""
    solid = holes = 0
    for image in _sampled_slices(labels, value):
        filled = binary_fill_holes(image == value)
        solid += int(filled.sum())
        holes += int((filled & (image == BACKGROUND)).sum())
    if not solid or holes < HOLLOW * solid:
        return ""
    return f"the {CLASSES[value]} is drawn as an outline, {holes / solid:.0%} of its inside is background: fill it"


def _wandering(labels: Labels, affine: Array, value: int) -> str:
    """Describe a ventricle that is far from its usual place at some frame."""
    mask = labels == value
    centres = [np.argwhere(mask[..., frame])[:, :2].mean(axis=0) for frame in np.flatnonzero(mask.any(axis=(0, 1, 2)))]
    if len(centres) < 2:
        return ""
    farthest = np.linalg.norm((centres - np.median(centres, axis=0)) * spacing(affine), axis=1).max()
    if farthest <= FARTHEST_MM:
        return ""
    return f"the {CLASSES[value]} is {farthest:.0f} mm from its place at some frame: are these frames of one beat?"


def _wall_around_other(labels: Labels) -> str:
    """Describe a wall around something else than the left ventricle."""
    others = {BACKGROUND: 0, RV: 0}
    for image in _sampled_slices(labels, MYOCARDIUM):
        inside = binary_fill_holes(image == MYOCARDIUM) & (image != MYOCARDIUM)
        for other in others if inside.sum() >= FEWEST_PIXELS else ():
            elsewhere = other == RV or (image == LV).any()  # a cavity that nobody drew is no contradiction
            others[other] += bool(elsewhere and (image[inside] == other).mean() > OUTSIDE)
    found = [CLASSES[other] for other, count in others.items() if count >= FEWEST_SLICES]
    return f"the wall is drawn around {found[0]} instead of the LV: a number means another class" if found else ""


def _far_wall(labels: Labels, affine: Array) -> str:
    """Describe a wall of which a large part is too far from the left ventricle."""
    steps, far, near = spacing(affine), 0, 0
    for image in _sampled_slices(labels, LV):
        wall = image == MYOCARDIUM
        distance = distance_transform_edt(image != LV, sampling=steps)[wall]
        far, near = far + int((distance > THICKEST_MM).sum()), near + int((distance <= THICKEST_MM).sum())
    if far <= FAR * (far + near):
        return ""
    share = far / (far + near)
    return f"{share:.0%} of the myocardium is more than {THICKEST_MM:g} mm from the LV: a number means another class"


def _outside_wall(labels: Labels) -> str:
    """Describe a left ventricle of which a part lies outside the wall that surrounds the rest."""
    if sum(_has_part_outside(image) for image in _sampled_slices(labels, LV)) < FEWEST_SLICES:
        return ""
    return "a part of the LV lies outside of the wall around the rest: two structures have one number, or two hearts"


def _has_part_outside(image: Labels) -> bool:
    parts, count = label(image == LV)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    wall_shares = []
    for part in np.flatnonzero(sizes >= LARGE_PART * sizes.sum()) + 1:
        border = binary_dilation(parts == part) & (parts != part)
        wall_shares.append(float((image[border] == MYOCARDIUM).mean()))
    return len(wall_shares) > 1 and max(wall_shares) >= INSIDE and min(wall_shares) < OUTSIDE


def _sampled_slices(labels: Labels, value: int) -> list[Labels]:
    """Return the slices (X, Y) that show a class at a few frames."""
    shows = (labels == value).any(axis=(0, 1))  # (S, T)
    frames = np.flatnonzero(shows.any(axis=0))
    few = frames[np.linspace(0, len(frames) - 1, min(len(frames), SAMPLED_FRAMES)).round().astype(int)]
    return [labels[:, :, index, frame] for frame in few.tolist() for index in np.flatnonzero(shows[:, frame]).tolist()]
