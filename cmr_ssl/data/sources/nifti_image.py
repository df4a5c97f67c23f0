"""One NIfTI image: pixels, a trustworthy affine, the time between frames. Everything doubtful becomes a finding."""

import zlib
from pathlib import Path
from typing import NamedTuple

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.nifti1 import Nifti1Header
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from cmr_ssl.data.study import Finding
from cmr_ssl.data.timing import frame_duration
from cmr_ssl.planes import APEX_TO_BASE_RAS, RIGHT_ANTERIOR_RAS, SHORT_AXIS, heart_frame

DAMAGED = (OSError, EOFError, ValueError, zlib.error, ImageFileError, HeaderDataError, WrapStructError)


class Image(NamedTuple):
    """What one file holds: pixels (X, Y, S, T), voxel to scanner mm (4, 4), and ms between frames (NaN unknown)."""

    pixels: NDArray[np.generic]
    affine: NDArray[np.float64]
    frame_ms: float


def read_image(path: Path, view: str) -> tuple[Image, list[Finding]]:
    """Read one file.

    Raises:
        ValueError: if nothing can be made of the file; one sentence with the file's name.
    """
    try:
        image = nib.Nifti1Image.from_filename(path)
        pixels = _four_axes(_plain(np.asanyarray(image.dataobj)))
    except DAMAGED as error:
        raise ValueError(f"{path.name} cannot be read ({type(error).__name__}: {error})") from error
    header = image.header
    affine, oriented = trusted_affine(header, image.affine, view)
    frame_ms, timed = frame_duration(_time_step(header), header.get_xyzt_units()[1], pixels.shape[3], view)
    return Image(pixels, affine, frame_ms), oriented + timed


def trusted_affine(
    header: Nifti1Header, affine: NDArray[np.float64], view: str
) -> tuple[NDArray[np.float64], list[Finding]]:
    """Return the file's affine, or a nominal one where the file does not know where it lies.

    A short-axis plane that lies exactly along the scanner's axes does not exist in a person, so an axis-aligned affine
    says that nobody wrote an orientation.

    Raises:
        ValueError: if the axes of the affine are not perpendicular.
    """
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    known = header["sform_code"] > 0 or header["qform_code"] > 0
    if known and np.isfinite(affine).all() and steps.min() > 0 and not _axis_aligned(affine):
        if _shear(affine) > 0.02:
            raise ValueError(f"its affine has axes that are not perpendicular (cosine {_shear(affine):.2f})")
        return np.asarray(affine, dtype=np.float64), []
    message = "the file has no orientation: assumed columns from the right ventricle outwards, rows from front to back"
    return nominal_affine(_zooms(header), affine), [Finding("no-orientation", "repaired", view, message)]


def nominal_affine(zooms: NDArray[np.float64], stored: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the affine of a short axis as it is usually shown and stored, in a body of mean shape, (4, 4).

    The right ventricle lies on the left of the picture, the anterior wall on top, the first slice at the base. The
    stored offset along the slices is kept, because it says how ED and ES stacks of the same subject lie to each other.
    """
    frame = heart_frame(np.zeros(3), APEX_TO_BASE_RAS, RIGHT_ANTERIOR_RAS)
    affine = np.eye(4)
    affine[:3, :3] = -frame[:3, :3].T * zooms
    slices = stored[:3, 2]
    length = np.linalg.norm(slices)
    offset = stored[:3, 3] @ slices / length if np.isfinite(stored).all() and length > 0 else 0.0
    affine[:3, 3] = -frame[2, :3] * offset
    return affine


def places_nothing(findings: list[Finding], view: str) -> bool:
    """Tell whether a long-axis file lacks the orientation without which its place in the heart is unknown."""
    return view != SHORT_AXIS and any(finding.code == "no-orientation" for finding in findings)


def _plain(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    if pixels.dtype.kind == "f":
        return pixels.astype(np.float32, copy=False)
    if pixels.dtype.kind not in "iub":
        raise ValueError(f"pixels of type {pixels.dtype} are no intensities")
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _four_axes(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    shape = pixels.shape + (1,) * (4 - pixels.ndim)
    if pixels.ndim < 2 or min(shape) < 1 or shape[4:] != (1,) * (len(shape) - 4):
        raise ValueError(f"shape {pixels.shape} is not (columns, rows, slices, frames)")
    if min(shape[:2]) < 16:
        raise ValueError(f"an image of {shape[0]} x {shape[1]} pixels shows no heart")
    return pixels.reshape(shape[:4], order="F")


def _time_step(header: Nifti1Header) -> float:
    return float(header["pixdim"][4])


def _zooms(header: Nifti1Header) -> NDArray[np.float64]:
    zooms = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64))
    return np.where(np.isfinite(zooms) & (zooms > 0), zooms, 1.0)


def _axis_aligned(affine: NDArray[np.float64]) -> bool:
    directions = np.abs(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0))
    return bool((directions.max(axis=0) > 1 - 1e-6).all())


def _shear(affine: NDArray[np.float64]) -> float:
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return float(np.abs(directions.T @ directions - np.eye(3)).max())
