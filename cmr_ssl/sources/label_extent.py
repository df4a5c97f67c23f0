"""Whether a short axis shows the whole left ventricle at ED and ES, from its apex to its base."""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import LV, MYOCARDIUM, UNLABELLED
from cmr_ssl.planes import APEX_TO_BASE_RAS, spacing

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

# of 66 whole stacks of patients, the narrower end has at most 0.43 of the largest area, and the apex, too
WIDE = 0.6
# ... the LV is 1.07 to 2.05 times as long as wide; what is shorter and ends wide is a part of it
SHORT = 0.95
# ... the heart is at most 20 mm shorter at ES, and has at least 0.71 of its length
LOST_MM, LEFT = 25.0, 0.65


def unseen_part(labels: Labels, affine: Array, oriented: bool) -> str:
    """Describe a short axis (X, Y, S, T) that may end in the middle of the left ventricle; "" where it shows all of it.

    Args:
        labels: classes of `anatomy`, 255 where unlabelled.
        affine: voxel to RAS+ mm, (4, 4).
        oriented: whether the affine tells on which side the apex is.
    """
    ends = _ends(labels)
    apex = ends[0 if affine[:3, 2] @ APEX_TO_BASE_RAS > 0 else 1]
    return _part(labels, affine) if ends.min() >= WIDE or (oriented and apex >= WIDE) else short_part(labels, affine)


def short_part(labels: Labels, affine: Array) -> str:
    """Describe a short axis (X, Y, S, T) that ends in a left ventricle that is shorter than wide; "" for others."""
    width = float(2 * np.sqrt(_areas(labels).max() * spacing(affine).prod() / np.pi))
    short = _length(labels, affine) < SHORT * width
    return _part(labels, affine) if short and _ends(labels).max() >= WIDE else ""


def _part(labels: Labels, affine: Array) -> str:
    length = _length(labels, affine)
    return f"the stack ends where the LV is wide, after {length:.0f} mm of it, so a part of the heart is unseen"


def _areas(labels: Labels) -> NDArray[np.int64]:
    """Return the pixels of the left ventricle in each slice at ED, (S,)."""
    areas = np.count_nonzero(labels == LV, axis=(0, 1))  # (S, T)
    return np.asarray(areas[:, areas.sum(axis=0).argmax()])


def _ends(labels: Labels) -> Array:
    """Return the area of the left ventricle in the first and the last slice, as shares of its largest, (2,)."""
    areas = _areas(labels)
    return np.asarray(areas[[0, -1]] / max(1, areas.max()), dtype=np.float64)


def _length(labels: Labels, affine: Array) -> float:
    return np.count_nonzero(_areas(labels)) * float(np.linalg.norm(affine[:3, 2]))


def lost_at_es(labels: Labels, affine: Array) -> str:
    """Describe a short axis (X, Y, S, T) whose heart is far shorter at ES than at ED; "" for others."""
    volumes = np.count_nonzero(labels == LV, axis=(0, 1, 2))
    drawn = np.flatnonzero(volumes)
    if len(drawn) < 2:
        return ""
    ed, es = drawn[volumes[drawn].argmax()], drawn[volumes[drawn].argmin()]
    undrawn = (labels[..., es] == UNLABELLED).all(axis=(0, 1))  # judged elsewhere
    heart = (((labels == LV) | (labels == MYOCARDIUM)).any(axis=(0, 1))) & ~undrawn[:, None]
    before, after = (int(np.count_nonzero(heart[:, frame])) for frame in (ed, es))
    lost = (before - after) * float(np.linalg.norm(affine[:3, 2]))
    if lost <= LOST_MM or after >= LEFT * before:
        return ""
    return f"the heart is {lost:.0f} mm shorter at ES (frame {es}) than at ED, so slices of it are not drawn there"
