"""The images of a stack, read slice by slice into one array; slices off its grid or beat are resampled."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from cmr_ssl.dicom.alternation import alternates
from cmr_ssl.dicom.cine import Cine
from cmr_ssl.dicom.file_issues import FileIssues
from cmr_ssl.dicom.header import LPS_TO_RAS
from cmr_ssl.dicom.noise import is_noise
from cmr_ssl.dicom.pixels import read_pixels
from cmr_ssl.dicom.stack import Stack, pixels_in
from cmr_ssl.preparation.beat_frames import interpolate_cyclic, phases
from cmr_ssl.study import Finding, Series, Severity

Images = NDArray[np.generic]


def pixel_type(stack: Stack) -> np.dtype[np.generic]:
    """Return the smallest type that holds every grey value of a stack exactly."""
    forms = {image.format for cine in stack.slices if cine is not None for image in cine.frames if image is not None}
    if any((form.slope, form.intercept) != (1.0, 0.0) for form in forms):
        return np.dtype(np.float32)
    if all(form.signed or form.stored < 16 for form in forms):
        return np.dtype(np.int16)
    return np.dtype(np.uint16 if not any(form.signed for form in forms) else np.float32)


def read_stack(stack: Stack) -> tuple[Series, list[Finding]]:
    """Read the images of a view; frames that are missing or unreadable stay zero and are not acquired."""
    columns, rows, count, frames = stack.shape
    pixels = np.zeros((frames, count, rows, columns), dtype=pixel_type(stack))  # (T, S, Y, X)
    acquired = np.zeros((count, frames), dtype=bool)
    issues = FileIssues()
    findings: list[Finding] = []
    for index, cine in enumerate(stack.slices):
        if cine is not None:
            fits = stack.grids[index] is None and len(cine.frames) == frames
            size = (len(cine.frames), cine.grid.rows, cine.grid.columns)
            images = pixels[:, index] if fits else np.zeros(size, pixels.dtype)
            present = read_cine(cine, images, issues)
            if flaw := _flaw(cine, images[present], _where(stack, index)):
                findings.append(flaw)
                present[:] = False
            findings += _incomplete(stack, index, present)
            if not fits:
                pixels[:, index], present = _on_beat(_on_grid(images, stack, index), present, frames)
            acquired[index] = present
    series = Series(stack.view, _narrow(pixels).T, LPS_TO_RAS @ stack.affine, stack.frame_ms, acquired)
    return series, issues.findings() + findings


def read_cine(cine: Cine, images: Images, issues: FileIssues) -> NDArray[np.bool_]:
    """Read one slice into `images`, (T, rows, columns), and return which frames were read, (T,)."""
    present = np.zeros(len(cine.frames), dtype=bool)
    for index, header in enumerate(cine.frames):
        if header is None:
            continue
        try:
            stored = read_pixels(header)
        except ValueError as error:
            issues.add("unreadable-image", header.member.name, str(error))
            continue
        if images.dtype.kind == "f":
            stored = stored.astype(np.float64) * header.format.slope + header.format.intercept
        images[index], present[index] = stored, True
    return present


def _on_grid(images: Images, stack: Stack, index: int) -> Images:
    """Resample a slice within its plane onto the stack's grid, if it has a grid of its own."""
    own = stack.grids[index]
    if own is None:
        return images
    columns, rows = stack.shape[:2]
    coordinates = pixels_in(stack, index, own)[:, ::-1].T.reshape(2, rows, columns)
    values = np.stack([map_coordinates(image.astype(np.float32), coordinates, order=1) for image in images])
    return _as_stored(values, images.dtype)


def _on_beat(images: Images, present: NDArray[np.bool_], frames: int) -> tuple[Images, NDArray[np.bool_]]:
    """Interpolate a slice over the beat to the frames of its stack."""
    if len(images) == frames:
        return images, present
    if not present.any():
        return np.zeros((frames, *images.shape[1:]), dtype=images.dtype), np.zeros(frames, dtype=bool)
    known = np.flatnonzero(present)
    values = interpolate_cyclic(images[known], known / len(present), phases(frames))
    return _as_stored(values, images.dtype), np.ones(frames, dtype=bool)


def _where(stack: Stack, index: int) -> str:
    return stack.view if len(stack.slices) == 1 else f"{stack.view} slice {index}"


def _flaw(cine: Cine, images: Images, where: str) -> Finding | None:
    """Return why the frames of a slice cannot be one beat of a heart, None if they may."""
    if alternates(images):
        message = f"the frames of {cine.name} alternate between two acquisitions filed as one; they were left out"
        return Finding("mixed-acquisitions", "rejected", where, message, len(images))
    if len(images) and is_noise(images.mean(axis=0)):
        message = f"{cine.name} shows noise, as phase images do, and no heart; it was left out"
        return Finding("noise", "rejected", where, message, len(images))
    return None


def _incomplete(stack: Stack, index: int, present: NDArray[np.bool_]) -> list[Finding]:
    """Return findings on missing frames, and on another number of frames than in the view."""
    where = _where(stack, index)
    findings = []
    missing = int((~present).sum())
    if missing:
        severity: Severity = "noted" if present.any() else "rejected"
        message = f"{missing} of {len(present)} frames are missing or cannot be read"
        findings.append(Finding("missing-frames", severity, where, message, missing))
    if len(present) != stack.shape[3] and present.any():
        message = f"the slice has {len(present)} frames where its view has {stack.shape[3]}; they were interpolated"
        findings.append(Finding("other-frames", "repaired", where, message, len(present)))
    return findings


def _as_stored(values: Images, dtype: np.dtype[np.generic]) -> Images:
    return values.astype(dtype) if dtype.kind == "f" else np.rint(values).astype(dtype)


def _narrow(pixels: Images) -> Images:
    """Return unsigned grey values as signed ones, as NIfTI files have them, where they fit."""
    if pixels.dtype != np.uint16 or pixels.max() > np.iinfo(np.int16).max:
        return pixels
    return pixels.view(np.int16)
