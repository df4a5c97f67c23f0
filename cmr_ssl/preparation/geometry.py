"""Validate the geometry of images; whatever is measured or prepared passes these checks.

A NIfTI header states the geometry up to three times: the sform, the qform, and voxel sizes (pixdim) in a unit of its
own. They are compared with each other, and with the possible sizes of a heart.
"""

from typing import NamedTuple

import numpy as np
from nibabel.nifti1 import Nifti1Header
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from cmr_ssl.planes import APEX_TO_BASE_RAS, RIGHT_ANTERIOR_RAS, SHORT_AXIS, corners, heart_frame
from cmr_ssl.study import Finding

Array = NDArray[np.float64]

UNIT_MM = {0: 1.0, 1: 1e3, 2: 1.0, 3: 1e-3}  # NIfTI's codes: unknown (nearly always mm), metres, mm, micrometres
UNIT_NAMES = {1: "metres", 3: "micrometres"}
SAME_STEP = 0.01  # relative; what rounding leaves between a column of an affine and pixdim
SAME_PLACE_MM = 1.0  # between the corners of sform and qform; their rounding leaves less than 0.1 mm
SHEAR = 0.02  # cosine between two axes
PLANE_MM = (40.0, 600.0)  # sides of a picture in a bore, or of a label map that was cut out around a heart
PIXEL_MM = (0.2, 8.0)
OBLONG = 2.0  # largest ratio of a pixel's sides
STEP_MM = (0.5, 40.0)  # between slices
DEEPEST_MM = 240.0  # first to last slice
MANY_SLICES, SHALLOWEST_MM = 6, 25.0  # a stack of so many slices covers a heart; one of a newborn is about 30 mm long
FEWEST_FRAMES, FEWEST_SLICES = 8, 4  # that can be told from each other
FRAMES_ALIKE, BACK_AGAIN = 0.67, 3.0  # see `frames_on_third`
REWRITE = "write the file with the affine of its image"
IDENTITY = "is an identity without voxel sizes"


class ImagePlacement(NamedTuple):
    """The geometry of an image.

    Attributes:
        affine: voxel (column, row, slice, 1) to scanner mm, RAS+, (4, 4); a nominal one without an orientation.
        stored: the affine of the file, in mm; relates files of one subject even without any orientation. Its offset is
            NaN where the file has none.
        oriented: whether the file has an orientation.
        sized: whether it has voxel sizes.
    """

    affine: Array
    stored: Array
    oriented: bool
    sized: bool


def place_of(header: Nifti1Header, shape: tuple[int, ...], view: str) -> tuple[ImagePlacement, list[Finding]]:
    """Return the geometry of a file, and findings about it.

    A short axis along the scanner's axes does not exist in a person, so an axis-aligned affine is a missing
    orientation.

    Args:
        header: of the file.
        shape: voxels along (columns, rows, slices, ...).
        view: where findings belong.

    Raises:
        ValueError: if the header contradicts itself or the image cannot show a heart; a part of a sentence.
    """
    scale, findings = _unit(header, view)
    zooms = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64)) * scale
    sform, qform = _form(header, "sform", scale), _form(header, "qform", scale)
    stored, choice = _choose(sform, qform, zooms, shape, view)
    findings += choice
    if stored is not None and not axis_aligned(stored):
        place = ImagePlacement(stored, stored, True, True)
    else:
        place = _nominal(stored, header, zooms, shape)
        message = (
            "the file has no orientation: assumed columns from the right ventricle outwards, rows from front to back"
        )
        unsized = "" if place.sized else "; it has no voxel size either, and 1 mm is a guess"
        findings.append(Finding("no-orientation", "repaired", view, message + unsized))
    if place.sized and (flaw := size_flaw(place.affine, shape)):
        raise ValueError(flaw)
    if not place.sized and not _is_stack(shape) and view == SHORT_AXIS:
        raise ValueError(f"it has no geometry (an identity affine and pixdim 1): {REWRITE}")
    return place, findings


def size_flaw(affine: Array, shape: tuple[int, ...]) -> str:
    """Describe why an image of `shape` (columns, rows, slices, ...) cannot show a heart; "" where it can."""
    steps = _steps(affine)
    sides, slices = steps[:2] * shape[:2], shape[2] if len(shape) > 2 else 1
    depth = steps[2] * slices
    pixels = f"{shape[0]} x {shape[1]} pixels of {steps[0]:.3g} x {steps[1]:.3g} mm"
    remedy = "check its affine, pixdim and unit"
    if max(steps[:2]) > OBLONG * min(steps[:2]):
        return f"{pixels} are no picture of a plane: {remedy}, and that the slices are on the third axis"
    if not (_within(min(sides), PLANE_MM) and _within(max(sides), PLANE_MM) and _within(min(steps[:2]), PIXEL_MM)):
        return f"{pixels} show no heart: {remedy}"
    if slices > 1 and not (_within(steps[2], STEP_MM) and depth <= DEEPEST_MM):
        return f"{slices} slices {steps[2]:.3g} mm apart are no stack of a heart: {remedy}, and the order of its axes"
    if slices >= MANY_SLICES and depth < SHALLOWEST_MM:
        return f"{slices} slices {steps[2]:.3g} mm apart are {depth:.3g} mm deep, too little for a heart: {remedy}"
    return ""


def frames_on_third(pixels: NDArray[np.generic]) -> bool:
    """Tell whether a volume (X, Y, S, T) has frames on the axis of slices.

    Frames of a beat resemble their neighbours more than slices do, and the last one resembles the first.
    """
    thin = pixels[:: max(1, pixels.shape[0] // 64), :: max(1, pixels.shape[1] // 64)].astype(np.float32)
    thin = np.nan_to_num(thin, posinf=0, neginf=0)
    varied = thin.max(axis=(0, 1)) > thin.min(axis=(0, 1))
    thin = thin[:, :, varied.any(axis=1)][..., varied.any(axis=0)]
    if thin.shape[2] < FEWEST_FRAMES or thin.shape[3] < FEWEST_SLICES:
        return False
    slices, frames = _change(thin, 2), _change(thin, 3)
    first_to_last = float(np.abs(thin[:, :, 0] - thin[:, :, -1]).mean())
    return slices < FRAMES_ALIKE * frames and first_to_last <= BACK_AGAIN * slices


def nominal_affine(zooms: Array, stored: Array) -> Array:
    """Return the affine of a short axis as it is usually displayed and stored, in a body of mean shape, (4, 4).

    The right ventricle is on the left of the image, the anterior wall on top, the first slice at the base. The stored
    offset along the slices is kept, because it relates the ED and ES stacks of a subject.
    """
    frame = heart_frame(np.zeros(3), APEX_TO_BASE_RAS, RIGHT_ANTERIOR_RAS)
    affine = np.eye(4)
    affine[:3, :3] = -frame[:3, :3].T * zooms
    slices = stored[:3, 2]
    affine[:3, 3] = -frame[2, :3] * (stored[:3, 3] @ slices / np.linalg.norm(slices))
    return affine


def axis_aligned(affine: Array) -> bool:
    """Tell whether every voxel axis lies along an axis of the scanner."""
    return bool((np.abs(_directions(affine)).max(axis=0) > 1 - 1e-6).all())


def apart(first: Array, second: Array, shape: tuple[int, ...]) -> float:
    """Return the largest distance, in mm, between the corners of a volume by two affines."""
    volume = tuple(max(1, size) for size in (*shape[:3], 1, 1, 1)[:3])
    return float(np.linalg.norm(corners(volume) @ (first - second).T, axis=1).max())


def _unit(header: Nifti1Header, view: str) -> tuple[float, list[Finding]]:
    """Return the mm in the header's unit of length."""
    code = int(header["xyzt_units"]) & 7
    if code not in UNIT_MM:
        raise ValueError(f"its unit of length has the code {code}, which NIfTI does not know")
    if code not in UNIT_NAMES:
        return 1.0, []
    message = f"lengths are written in {UNIT_NAMES[code]}; they were converted to mm"
    return UNIT_MM[code], [Finding("length-unit", "noted", view, message)]


def _form(header: Nifti1Header, name: str, scale: float) -> Array | None:
    """Return an affine of the header in mm; None where it is missing or zero."""
    if header[f"{name}_code"] <= 0:
        return None
    try:
        affine = np.array(getattr(header, f"get_{name}")(), dtype=np.float64)
    except (HeaderDataError, ValueError):  # a quaternion that is no rotation
        return np.full((4, 4), np.nan)
    if not affine[:3, :3].any():
        return None
    affine[:3] *= scale
    return affine


def _choose(
    sform: Array | None, qform: Array | None, zooms: Array, shape: tuple[int, ...], view: str
) -> tuple[Array | None, list[Finding]]:
    """Return the trusted affine, None where none was written, and findings about the choice."""
    flaw = _flaw(qform, zooms, shape) if qform is not None else ""
    if sform is None and flaw:
        raise ValueError(f"its qform {flaw}: {REWRITE}")
    sound = qform if qform is not None and not flaw and not size_flaw(qform, shape) else None
    if sform is None:
        return qform, []
    flaw = IDENTITY if _is_identity(sform, zooms) else _flaw(sform, zooms, shape)
    if sound is not None and not axis_aligned(sound) and (flaw or axis_aligned(sform)):
        if flaw and _irreparable(sform, zooms, shape):
            raise ValueError(f"its sform {flaw}: {REWRITE}")
        message = f"the sform {flaw or 'lies along the axes of the scanner'}, so the qform was used"
        return sound, [Finding("sform-qform", "repaired", view, message)]
    if flaw == IDENTITY:
        return None, []
    if flaw:
        raise ValueError(f"its sform {flaw}: {REWRITE}")
    if sound is not None and (distance := apart(sform, sound, shape)) > SAME_PLACE_MM:
        message = f"sform and qform disagree by up to {distance:.3g} mm; the sform was used"
        return sform, [Finding("sform-qform", "noted", view, message)]
    return sform, []


def _irreparable(sform: Array, zooms: Array, shape: tuple[int, ...]) -> bool:
    """Tell whether a qform cannot replace an sform: sheared, or of other voxel sizes that a heart could have."""
    steps = _steps(sform)
    if not np.isfinite(sform).all() or not steps.min() > 0:
        return False
    if _shear(sform) > SHEAR:
        return True
    return not (_same_steps(steps, zooms, shape) or np.isclose(steps, 1.0).any() or size_flaw(sform, shape))


def _flaw(affine: Array, zooms: Array, shape: tuple[int, ...]) -> str:
    """Describe what is wrong with an affine by itself or compared with pixdim."""
    steps = _steps(affine)
    if not np.isfinite(affine).all() or steps.min() <= 0:
        return "holds no finite axes"
    if (shear := _shear(affine)) > SHEAR:
        return f"has axes that are not perpendicular (cosine {shear:.2f})"
    if not _same_steps(steps, zooms, shape):
        return f"has voxels of {_mm(steps)}, but pixdim says {_mm(zooms)}"
    return ""


def _is_stack(shape: tuple[int, ...]) -> bool:
    return len(shape) > 2 and shape[2] > 1


def _same_steps(steps: Array, zooms: Array, shape: tuple[int, ...]) -> bool:
    """Tell whether voxel sizes agree; the thickness of a single slice does not matter."""
    axes = 3 if _is_stack(shape) else 2
    return bool(np.isclose(steps[:axes], zooms[:axes], rtol=SAME_STEP, atol=0).all())


def _nominal(stored: Array | None, header: Nifti1Header, zooms: Array, shape: tuple[int, ...]) -> ImagePlacement:
    """Return the geometry of a file without orientation; its voxel sizes are those of pixdim."""
    axes = 3 if _is_stack(shape) else 2
    if not np.isfinite(zooms[:axes]).all() or zooms[:axes].min() <= 0:
        raise ValueError(f"its voxels have no size (pixdim {_mm(zooms)}): {REWRITE}")
    zooms = np.where(np.isfinite(zooms) & (zooms > 0), zooms, 1.0)
    sized = not np.allclose(zooms[:axes], 1.0)
    if stored is None and (form := _form(header, "sform", 1.0)) is not None and np.isfinite(form).all():
        stored = form  # an identity: it has directions and an offset, but no sizes
        stored[:3, :3] = _directions(form) * zooms
    if stored is not None:
        return ImagePlacement(nominal_affine(zooms, stored), stored, False, sized)
    centred = np.diag([-zooms[0], *zooms[1:], 1.0])  # NIfTI's default: centred, columns to the left
    centred[:3, 3] = -centred[:3, :3] @ ((np.array([*shape[:3], 1, 1, 1][:3]) - 1) / 2)
    without_offset = centred.copy()
    without_offset[:3, 3] = np.nan
    return ImagePlacement(nominal_affine(zooms, centred), without_offset, False, sized)


def _is_identity(affine: Array, zooms: Array) -> bool:
    """Tell whether an affine is an identity, axes perhaps flipped, although voxel sizes are not 1 mm."""
    unit = bool(np.isfinite(affine).all() and np.allclose(_steps(affine), 1.0)) and not np.allclose(zooms, 1.0)
    return unit and axis_aligned(affine) and _shear(affine) <= SHEAR


def _change(pixels: NDArray[np.float32], axis: int) -> float:
    """Return the median difference of neighbours along an axis."""
    differences = np.abs(np.diff(pixels, axis=axis))
    return float(np.median(differences.mean(axis=tuple(other for other in range(4) if other != axis))))


def _steps(affine: Array) -> Array:
    return np.linalg.norm(affine[:3, :3], axis=0)


def _directions(affine: Array) -> Array:
    return np.asarray(affine[:3, :3] / _steps(affine))


def _shear(affine: Array) -> float:
    directions = _directions(affine)
    return float(np.abs(directions.T @ directions - np.eye(3)).max())


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _mm(steps: Array) -> str:
    return " x ".join(f"{step:.4g}" for step in steps) + " mm"
