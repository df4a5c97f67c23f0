"""Volumes, mass and function from label maps.

Ventricles: Simpson's sum of short-axis slices times their spacing, gap included. Atria: area-length,
V = 8 / (3 pi) A1 A2 / L, the left one from the 2- and 4-chamber view, the right one from the 4-chamber view (Petersen
et al., JCMR 2017; Bai et al., Nat Med 2020). What cannot be measured is NaN, with a reason, never 0.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl import anatomy
from cmr_ssl.planes import APEX_TO_BASE_RAS, SHORT_AXIS, normal, spacing, unit

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

MUSCLE_G_PER_ML = 1.05
AREA_LENGTH = 8.0 / (3.0 * np.pi)
FEWEST_PIXELS = 9  # of an atrium whose length is measured
MS_A_MINUTE = 60e3
MISSING = "Not measurable"  # column of the reasons
CONFIDENCE = "confidence "  # before a structure: column of how sure a network is of it, 0 to 1
TWO_CHAMBER, FOUR_CHAMBER = "la_2ch", "la_4ch"
VENTRICULAR = {"LV": anatomy.LV, "myocardium": anatomy.MYOCARDIUM, "RV": anatomy.RV}


class LabelMap(NamedTuple):
    """Classes of one view over time.

    Attributes:
        labels: classes of `anatomy`, 255 where unlabelled, (T, S, Y, X).
        affine: voxel (column, row, slice, 1) to RAS+ mm, (4, 4).
    """

    labels: Labels
    affine: Array


class Measured(NamedTuple):
    """The measures of one heart.

    Attributes:
        values: phenotypes under the field's column names; NaN where one cannot be measured.
        reasons: column name to the reason for NaN.
        curves: structure to its volume in mL at every frame, (T,), NaN at frames without labels.
    """

    values: dict[str, float]
    reasons: dict[str, str]
    curves: dict[str, Array]


def measure(maps: dict[str, LabelMap], heart_rate: float) -> Measured:
    """Measure a heart on label maps by view, any may be missing, given beats per minute, NaN if unknown."""
    stack = maps.get(SHORT_AXIS)
    lv, myocardium, rv = (_structure(stack, name) for name in VENTRICULAR)
    to_base = apex_to_base(stack)
    la = _atrium([maps.get(TWO_CHAMBER), maps.get(FOUR_CHAMBER)], "LA", to_base)
    ra = _atrium([maps.get(FOUR_CHAMBER)] * 2, "RA", to_base)
    parts = [_left(lv, heart_rate), _mass(lv, myocardium), _right(lv, rv), _emptied("LA", la), _emptied("RA", ra)]
    structures = zip([*VENTRICULAR, "LA", "RA"], (lv, myocardium, rv, la, ra), strict=True)
    return Measured(
        {name: value for values, _ in parts for name, value in values.items()},
        {name: reason for values, reason in parts for name, value in values.items() if np.isnan(value)},
        {name: structure.curve for name, structure in structures if not structure.reason},
    )


def ejection(chamber: str, edv: float, esv: float) -> dict[str, float]:
    """Return a ventricle's four numbers under the field's column names."""
    sv = edv - esv
    values = {f"{chamber}EDV (mL)": edv, f"{chamber}ESV (mL)": esv, f"{chamber}SV (mL)": sv}
    return values | {f"{chamber}EF (%)": 100.0 * sv / edv if edv > 0 else np.nan}


def output(sv: float, heart_rate: float) -> dict[str, float]:
    """Return the cardiac output for a stroke volume in mL and a heart rate in beats per minute."""
    return {"LVCO (L/min)": sv * heart_rate / 1e3}


def emptying(atrium: str, largest: float, smallest: float) -> dict[str, float]:
    """Return an atrium's four numbers under the field's column names."""
    sv = largest - smallest
    values = {f"{atrium}V max (mL)": largest, f"{atrium}V min (mL)": smallest, f"{atrium}SV (mL)": sv}
    return values | {f"{atrium}EF (%)": 100.0 * sv / largest if largest > 0 else np.nan}


def labelled_frames(labels: Labels) -> NDArray[np.bool_]:
    """Return which frames of (T, ...) show a structure, (T,); often only ED and ES."""
    return np.asarray(anatomy.is_structure(labels).any(axis=tuple(range(1, labels.ndim))))


def simpson(stack: LabelMap, value: int) -> Array:
    """Return the volume of class `value` in mL at every frame, (T,), NaN where it is not drawn."""
    counts = np.count_nonzero(stack.labels == value, axis=(1, 2, 3))
    ml = counts * (spacing(stack.affine).prod() * np.linalg.norm(stack.affine[:3, 2]) * 1e-3)
    return np.where(counts > 0, ml, np.nan)


def ends_of_beat(lv: Array) -> tuple[int, int]:
    """Return ED and ES, the frames of the largest and the smallest left ventricle."""
    return int(np.nanargmax(lv)), int(np.nanargmin(lv))


class _Structure(NamedTuple):
    """A volume curve, or the reason why there is none."""

    curve: Array = np.full(1, np.nan)
    reason: str = ""


def _structure(stack: LabelMap | None, name: str) -> _Structure:
    if stack is None:
        return _Structure(reason="there is no usable short-axis label map")
    curve = simpson(stack, VENTRICULAR[name])
    if not np.nansum(curve) > 0:
        return _Structure(reason=f"the short-axis label map shows no {name}")
    return _Structure(curve)


def _beat_reason(lv: _Structure) -> str:
    """Return the reason why the left ventricle does not show ED and ES, if any."""
    few = np.isfinite(lv.curve).sum() < 2
    return lv.reason or ("only one frame is labelled, so ED and ES cannot be told" if few else "")


def _left(lv: _Structure, heart_rate: float) -> tuple[dict[str, float], str]:
    reason = _beat_reason(lv)
    ed, es = (np.nan, np.nan) if reason else (float(lv.curve[frame]) for frame in ends_of_beat(lv.curve))
    values = ejection("LV", ed, es)
    return values | output(values["LVSV (mL)"], heart_rate), reason or "the heart rate is unknown"


def _mass(lv: _Structure, myocardium: _Structure) -> tuple[dict[str, float], str]:
    reason = lv.reason or myocardium.reason
    ed = np.nan if reason else float(myocardium.curve[ends_of_beat(lv.curve)[0]])
    return {"LVM (g)": ed * MUSCLE_G_PER_ML}, reason or "the myocardium is not drawn at ED"


def _right(lv: _Structure, rv: _Structure) -> tuple[dict[str, float], str]:
    reason = _beat_reason(lv) or rv.reason
    ed, es = (np.nan, np.nan) if reason else (float(rv.curve[frame]) for frame in ends_of_beat(lv.curve))
    return ejection("RV", ed, es), reason or "the RV is not drawn at both ED and ES"


def _emptied(name: str, atrium: _Structure) -> tuple[dict[str, float], str]:
    few = np.isfinite(atrium.curve).sum() < 2
    reason = atrium.reason or ("only one frame is labelled" if few else "")
    largest, smallest = (np.nan, np.nan) if reason else (np.nanmax(atrium.curve), np.nanmin(atrium.curve))
    return emptying(name, float(largest), float(smallest)), reason


def apex_to_base(stack: LabelMap | None) -> Array:
    """Return the direction from apex to base in RAS+: the normal of the short axis, or that of a reference body."""
    if stack is None:
        return APEX_TO_BASE_RAS
    axis = normal(stack.affine)
    return axis if axis @ APEX_TO_BASE_RAS > 0 else -axis


def _atrium(views: list[LabelMap | None], name: str, to_base: Array) -> _Structure:
    """Return an atrium's volume by area-length from two views; the right one has the same view twice."""
    maps, names = [view for view in views if view is not None], " and ".join(NEEDED[name])
    if len(maps) < len(views):
        return _Structure(reason=f"the {name} needs label maps of {names}")
    if any(view.labels.shape[1] > 1 for view in maps):
        reason = f"{' or '.join(NEEDED[name])} has several planes, and which one to measure the {name} on is unknown"
        return _Structure(reason=reason)
    if len({len(view.labels) for view in maps}) > 1:
        return _Structure(reason=f"{names} have different numbers of frames")
    value = anatomy.CLASSES.index(name)
    (area_1, length_1), (area_2, length_2) = (extent(view, value, to_base) for view in maps)
    labelled = np.all([labelled_frames(view.labels) for view in maps], axis=0)
    if np.isnan((length_1 + length_2)[labelled]).any() or not labelled.any():
        return _Structure(reason=f"the {name} is not seen at every labelled frame of {names}")
    curve = AREA_LENGTH * area_1 * area_2 / ((length_1 + length_2) / 2) * 1e-3
    return _Structure(np.where(labelled, curve, np.nan))


NEEDED = {"LA": (TWO_CHAMBER, FOUR_CHAMBER), "RA": (FOUR_CHAMBER,)}


def extent(view: LabelMap, value: int, to_base: Array) -> tuple[Array, Array]:
    """Return area in mm2 and length in mm of an atrium at every frame, each (T,).

    The length is measured along the line through the centroids of the thirds nearest to and farthest from the
    ventricles; NaN where too little of the atrium is visible.

    Args:
        view: label map of one plane.
        value: class of the atrium.
        to_base: direction from apex to base, RAS+, (3,).
    """
    plane = view.labels[:, 0] == value
    steps = spacing(view.affine)
    axes = view.affine[:3, :2] / steps
    area = plane.sum(axis=(1, 2)) * float(steps.prod())
    return area, np.array([_length(frame, steps, to_base @ axes) for frame in plane])


def _length(inside: NDArray[np.bool_], steps: Array, to_base: Array) -> float:
    """Return the length in mm of one structure (Y, X)."""
    row, column = np.nonzero(inside)
    if len(row) < FEWEST_PIXELS:
        return float("nan")
    points = np.stack([column, row], axis=1) * steps
    height = points @ to_base
    low, high = np.quantile(height, [1 / 3, 2 / 3])
    along_axis = points[height >= high].mean(axis=0) - points[height <= low].mean(axis=0)
    if not along_axis.any():
        return float("nan")
    axis = unit(along_axis)
    offsets = points - points.mean(axis=0)
    pixel = float(steps.mean())
    along = offsets[np.abs(offsets @ np.array([-axis[1], axis[0]])) <= pixel] @ axis
    return float(np.ptp(along)) + pixel if len(along) else float("nan")  # scattered pixels have no length


def grouped(reasons: dict[str, str]) -> list[str]:
    """Return `name, name: reason` for every different reason."""
    names: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(" ".join(reason.split()), []).append(name)
    return [f"{', '.join(group)}: {reason}" if any(group) else reason for reason, group in names.items()]
