"""Read one NIfTI image: pixels, a trustworthy affine, the time between frames; doubts become findings."""

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.nifti1 import Nifti1Header, Nifti1Image
from nibabel.nifti2 import Nifti2Image
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from cmr_ssl.machine import raise_if_machine
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.preparation.beat_frames import frame_duration
from cmr_ssl.preparation.geometry import frames_on_third, place_of
from cmr_ssl.study import Finding

DAMAGED = (OSError, EOFError, ValueError, zlib.error, ImageFileError, HeaderDataError, WrapStructError)
GZIP = b"\x1f\x8b"
MAX_COMPRESSION = 1032  # bytes that a byte of gzip can stand for
SMALLEST = 16  # pixels along a side of a picture that shows a heart
MAX_WRAPPINGS = 3  # of gzip around one file
HEADER_SIZE_2 = {(540).to_bytes(4, "little"), (540).to_bytes(4, "big")}  # first bytes of NIfTI-2
TIME_UNITS = {8: "sec", 16: "msec", 24: "usec"}
PLACE_CODES = ("sform-qform", "length-unit")  # findings about the place of a label map that its users must know


class Image(NamedTuple):
    """The content of one file.

    Attributes:
        pixels: (X, Y, S, T).
        affine: voxel to scanner mm, RAS+, (4, 4); nominal where the file has no orientation.
        frame_ms: time between frames, NaN where unknown.
        stored: the affine of the file, in mm, which relates files without orientation; None if it is `affine`.
    """

    pixels: NDArray[np.generic]
    affine: NDArray[np.float64]
    frame_ms: float
    stored: NDArray[np.float64] | None = None


def read_image(path: Path, view: str, across: NDArray[np.float64] | None = None) -> tuple[Image, list[Finding]]:
    """Read one file.

    Args:
        path: of the file.
        view: where findings belong.
        across: expected direction of the slices, (3,), where they may be on another axis than the third.

    Raises:
        OSError: if the machine failed, not the file.
        ValueError: if the file cannot be used; one sentence with its name.
    """
    try:
        image = _load(path)
        pixels, header = np.asanyarray(image.dataobj), image.header
        if across is not None:
            pixels, header = _slices_third(pixels, header, across, view)
        pixels = _four_axes(_plain(pixels))
    except DAMAGED as error:
        raise_if_machine(error)
        reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{path.name} cannot be read ({reason})") from error
    try:
        place, findings = place_of(header, pixels.shape, view)
    except ValueError as error:
        raise ValueError(f"{path.name} cannot be used: {error}") from error
    if frames_on_third(pixels):
        raise ValueError(
            f"{path.name} of shape {pixels.shape} has its frames on the third axis: "
            "store it as (columns, rows, slices, frames)"
        )
    time_unit = TIME_UNITS.get(int(header["xyzt_units"]) & 0x38, "unknown")
    frame_ms, time_findings = frame_duration(float(header["pixdim"][4]), time_unit, pixels.shape[3], view)
    stored = None if place.oriented else place.stored
    return Image(pixels, place.affine, frame_ms, stored), findings + time_findings


def lacks_place(findings: list[Finding], view: str) -> bool:
    """Tell whether a long-axis file lacks the orientation without which its place in the heart is unknown."""
    return view != SHORT_AXIS and any(finding.code == "no-orientation" for finding in findings)


def _plain(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    if pixels.dtype.kind == "f":
        with np.errstate(over="ignore"):  # overflow gives infinity, which `repair` finds
            return pixels.astype(np.float32, copy=False)
    if pixels.dtype.kind not in "iub":
        raise ValueError(f"pixels of type {pixels.dtype} are no intensities")
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _slices_third(
    pixels: NDArray[np.generic], header: Nifti1Header, across: NDArray[np.float64], view: str
) -> tuple[NDArray[np.generic], Nifti1Header]:
    """Exchange axes of pixels and of the header's geometry so that slices are on the third."""
    axes = _axes(header, pixels.shape, view)
    axis = int(np.abs(across @ (axes / np.linalg.norm(axes, axis=0).clip(min=1e-9))).argmax())
    if pixels.ndim < 3 or axis == 2 or pixels.shape[2] < SMALLEST:  # such a map has another direction, not other axes
        return pixels, header
    order = [{2: axis, axis: 2}.get(source, source) for source in range(3)]
    turned, steps = header.copy(), header["pixdim"][1:4][order]
    if header["qform_code"] > 0 and np.isfinite(qform := header.get_qform()).all():
        turned.set_qform(qform[:, [*order, 3]], int(header["qform_code"]))
    for row in ("srow_x", "srow_y", "srow_z"):
        turned[row] = header[row][[*order, 3]]
    turned["pixdim"][1:4] = steps
    return pixels.swapaxes(axis, 2), turned


def _axes(header: Nifti1Header, shape: tuple[int, ...], view: str) -> NDArray[np.float64]:
    """Return the directions of the axes, (3, 3); where slices are not on the third, the header's own choice of them."""
    try:
        return place_of(header, shape, view)[0].stored[:3, :3]
    except ValueError:
        return np.nan_to_num(header.get_best_affine()[:3, :3])


def _four_axes(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    shape = pixels.shape + (1,) * (4 - pixels.ndim)
    if pixels.ndim < 2 or min(shape) < 1 or shape[4:] != (1,) * (len(shape) - 4):
        raise ValueError(
            f"its shape {pixels.shape} is not (columns, rows, slices, frames): store frames on the fourth axis, and no "
            "fifth one"
        )
    if min(shape[:2]) < SMALLEST:
        raise ValueError(f"an image of {shape[0]} x {shape[1]} pixels shows no heart")
    return pixels.reshape(shape[:4], order="F")


def _from_filename(path: Path) -> Nifti1Image:
    """Open a file that is as large as its header promises; else reading would allocate without bound."""
    image = Nifti1Image.from_filename(path)
    promised = prod(map(int, image.shape)) * image.get_data_dtype().itemsize
    if promised > MAX_COMPRESSION * path.stat().st_size:
        raise ValueError(f"its header promises {promised >> 20} MB, more than the file can hold")
    return image


def _load(path: Path) -> Nifti1Image:
    """Open a file by its content, not its name: plain, or compressed once or more often."""
    with path.open("rb") as stream:
        start = stream.read(4)
    if start.startswith(GZIP) == path.name.endswith(".gz") and start not in HEADER_SIZE_2:
        try:
            return _from_filename(path)
        except (ImageFileError, WrapStructError, HeaderDataError):
            if not start.startswith(GZIP):
                raise
    content = path.read_bytes()
    for _ in range(MAX_WRAPPINGS):
        content = gzip.decompress(content) if content.startswith(GZIP) else content
    return (Nifti2Image if content[:4] in HEADER_SIZE_2 else Nifti1Image).from_bytes(content)
