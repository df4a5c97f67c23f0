"""The images of a chosen stack: read slice by slice into one array, resampled only where a slice does not fit."""

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.ndimage import map_coordinates

from cmr_ssl.dicom.cine import Cine
from cmr_ssl.dicom.file_issues import FileIssues
from cmr_ssl.dicom.header import Header
from cmr_ssl.dicom.pixels import read_pixels
from cmr_ssl.dicom.stack import LPS_TO_RAS, Stack
from cmr_ssl.planes import slice_affine, to_mm, to_pixels
from cmr_ssl.preparation.beat_frames import interpolate_cyclic, phases
from cmr_ssl.study import Finding, Series, Severity

Images = NDArray[np.generic]


def stored_as(stack: Stack) -> np.dtype[np.generic]:
    """Return the smallest type that holds every grey value of a stack exactly."""
    forms = {image.format for cine in stack.slices if cine is not None for image in cine.frames if image is not None}
    if any((form.slope, form.intercept) != (1.0, 0.0) for form in forms):
        return np.dtype(np.float32)
    if all(form.signed or form.stored < 16 for form in forms):
        return np.dtype(np.int16)
    return np.dtype(np.uint16 if not any(form.signed for form in forms) else np.float32)


def read_stack(stack: Stack) -> tuple[Series, list[Finding]]:
    """Read the images of a view; frames that are missing or cannot be read stay zero and are not acquired."""
    columns, rows, count, frames = stack.shape
    pixels = np.zeros((frames, count, rows, columns), dtype=stored_as(stack))
    acquired = np.zeros((count, frames), dtype=bool)
    odd = FileIssues()
    findings: list[Finding] = []
    for index, cine in enumerate(stack.slices):
        if cine is not None:
            fits = stack.grids[index] is None and len(cine.frames) == frames
            images = pixels[:, index] if fits else _room(cine, pixels.dtype)
            there = read_cine(cine, images, odd)
            findings += _incomplete(stack, index, there)
            if not fits:
                pixels[:, index], there = _on_beat(_on_grid(images, stack, index), there, frames)
            acquired[index] = there
    series = Series(stack.view, _narrow(pixels).T, LPS_TO_RAS @ stack.affine, stack.frame_ms, acquired)
    return series, odd.findings() + findings


def read_cine(cine: Cine, images: Images, odd: FileIssues) -> NDArray[np.bool_]:
    """Read one slice into `images`, (T, rows, columns), and return which of them there are, (T,)."""
    there = np.zeros(len(cine.frames), dtype=bool)
    for index, header in enumerate(cine.frames):
        if header is None:
            continue
        try:
            stored = read_pixels(header)
        except ValueError as error:
            odd.add("unreadable-image", header.member.name, str(error))
            continue
        images[index], there[index] = _scaled(stored, header) if images.dtype.kind == "f" else stored, True
    return there


def _room(cine: Cine, dtype: DTypeLike) -> Images:
    return np.zeros((len(cine.frames), cine.grid.rows, cine.grid.columns), dtype=dtype)


def _scaled(stored: Images, header: Header) -> NDArray[np.float64]:
    return stored.astype(np.float64) * header.format.slope + header.format.intercept


def _on_grid(images: Images, stack: Stack, index: int) -> Images:
    """Resample a slice within its plane onto the stack's grid, where it has its own."""
    own = stack.grids[index]
    if own is None:
        return images
    columns, rows = stack.shape[:2]
    pixels = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2).astype(np.float64)
    source = to_pixels(own, to_mm(slice_affine(stack.affine, index), pixels))
    at = source[:, ::-1].T.reshape(2, rows, columns)
    values = np.stack([map_coordinates(image.astype(np.float32), at, order=1) for image in images])
    return _as_stored(values, images.dtype)


def _on_beat(images: Images, there: NDArray[np.bool_], frames: int) -> tuple[Images, NDArray[np.bool_]]:
    """Bring a slice to the frames of its stack."""
    if len(images) == frames:
        return images, there
    if not there.any():
        return np.zeros((frames, *images.shape[1:]), dtype=images.dtype), np.zeros(frames, dtype=bool)
    known = np.flatnonzero(there)
    values = interpolate_cyclic(images[known], known / len(there), phases(frames))
    return _as_stored(values, images.dtype), np.ones(frames, dtype=bool)


def _incomplete(stack: Stack, index: int, there: NDArray[np.bool_]) -> list[Finding]:
    """Say which frames a slice lacks, and where it has another number of frames than its view."""
    where = stack.view if len(stack.slices) == 1 else f"{stack.view} slice {index}"
    findings = []
    missing = int((~there).sum())
    if missing:
        severity: Severity = "noted" if there.any() else "rejected"
        message = f"{missing} of {len(there)} frames are missing or cannot be read"
        findings.append(Finding("missing-frames", severity, where, message, missing))
    if len(there) != stack.shape[3] and there.any():
        message = f"the slice has {len(there)} frames where its view has {stack.shape[3]}; they were interpolated"
        findings.append(Finding("other-frames", "repaired", where, message, len(there)))
    return findings


def _as_stored(values: Images, dtype: np.dtype[np.generic]) -> Images:
    return values.astype(dtype) if dtype.kind == "f" else np.rint(values).astype(dtype)


def _narrow(pixels: Images) -> Images:
    """Return unsigned grey values as signed ones, as NIfTI files have them, where they fit."""
    if pixels.dtype != np.uint16 or pixels.max() > np.iinfo(np.int16).max:
        return pixels
    return pixels.view(np.int16)
