"""The contours that a scanner's inline analysis draws over copies of the short axis, as weak labels.

One overlay holds the closed outlines of both cavity and wall. They are unchecked results of a program: labels to learn
from with care, never to measure against.
"""

import io

import numpy as np
from numpy.typing import NDArray
from pydicom.filereader import data_element_generator
from scipy.ndimage import binary_dilation, binary_fill_holes, distance_transform_edt, label

from cmr_ssl.anatomy import BACKGROUND, LV, MYOCARDIUM, UNLABELLED
from cmr_ssl.dicom.archive import DAMAGED
from cmr_ssl.dicom.cine import Cine, inline_cines
from cmr_ssl.dicom.header import ImageHeader
from cmr_ssl.dicom.stack import Stack, pixels_in, plane_affine
from cmr_ssl.machine import raise_if_machine
from cmr_ssl.planes import to_mm
from cmr_ssl.study import Finding

Labels = NDArray[np.uint8]

ROWS, COLUMNS, DATA = 0x60000010, 0x60000011, 0x60003000
SAME_PLANE_MM = 1.0
TOUCHING = np.ones((3, 3), dtype=bool)  # outlines are closed diagonally, too


def weak_labels(stack: Stack, headers: list[ImageHeader]) -> tuple[Labels | None, list[Finding]]:
    """Return the label maps that the contours over copies of a short axis enclose, from all images of the study.

    Returns:
        Classes of `anatomy`, 255 on images without usable contours, (X, Y, S, T), None without any; and a finding.
    """
    columns, rows, count, frames = stack.shape
    labels = np.full((frames, count, rows, columns), UNLABELLED, dtype=np.uint8)
    for copy in inline_cines(headers):
        index = _slice_of(copy, stack)
        if index is not None and len(copy.frames) == frames:
            pixels = _nearest_pixels(copy, stack, index)
            for frame, header in enumerate(copy.frames):
                if header is not None:
                    labels[frame, index] = _sampled(header, pixels, (rows, columns))
    drawn = int((labels != UNLABELLED).any(axis=(2, 3)).sum())
    if not drawn:
        return None, []
    message = f"{drawn} of {count * frames} images have contours of the scanner's own analysis; they became weak labels"
    return labels.T, [Finding("weak-labels", "noted", stack.view, message, drawn)]


def read_outlines(header: ImageHeader) -> NDArray[np.bool_] | None:
    """Return the first overlay of an image, (rows, columns), None without one of the image's size."""
    try:
        stored = header.member.read()
    except DAMAGED as error:
        raise_if_machine(error)
        return None
    try:
        data = io.BytesIO(stored)
        data.seek(header.offset)
        form = header.format
        elements = data_element_generator(data, form.implicit, form.little, specific_tags=[ROWS, COLUMNS, DATA])
        values = {int(element.tag): element.value for element in elements if isinstance(element.value, bytes)}
    except Exception:  # a parser in front of hostile bytes may raise anything; such an image has no overlay
        return None
    size = tuple(
        int.from_bytes(values.get(tag, b"")[:2], "little" if form.little else "big") for tag in (ROWS, COLUMNS)
    )
    bits = np.unpackbits(np.frombuffer(values.get(DATA, b""), dtype=np.uint8), bitorder="little")
    if size != (header.grid.rows, header.grid.columns) or len(bits) < size[0] * size[1]:
        return None
    return bits[: size[0] * size[1]].reshape(size).astype(bool)


def filled(outlines: NDArray[np.bool_]) -> Labels | None:
    """Fill two outlines, one within the other, one pixel wide, (Y, X); None where they do not enclose two parts.

    The cavity is the enclosed part farthest from the outside, with the outline it touches; the rest is wall.
    """
    whole = binary_fill_holes(outlines)
    parts, count = label(whole & ~outlines)
    if count < 2:
        return None
    depth = np.where(parts > 0, distance_transform_edt(np.pad(whole, 1))[1:-1, 1:-1], 0.0)
    inner = parts == parts.flat[int(depth.argmax())]
    cavity = inner | (outlines & binary_dilation(inner, TOUCHING))
    return np.select([cavity, whole], [LV, MYOCARDIUM], BACKGROUND).astype(np.uint8)


def _slice_of(copy: Cine, stack: Stack) -> int | None:
    """Return the slice of a stack that a copy shows, None where it shows another plane."""
    own = plane_affine(copy.grid)
    for index, cine in enumerate(stack.slices):
        if cine is not None:
            corners = to_mm(own, np.array([[0.0, 0.0], [copy.grid.columns - 1.0, copy.grid.rows - 1.0]]))
            distance = np.abs((corners - cine.grid.position) @ cine.normal).max()
            if distance < SAME_PLANE_MM and abs(copy.normal @ cine.normal) > 0.999:
                return index
    return None


def _nearest_pixels(copy: Cine, stack: Stack, index: int) -> NDArray[np.int_]:
    """Return the nearest row and column of a copy for each pixel of a slice, (2, pixels)."""
    nearest = np.rint(pixels_in(stack, index, plane_affine(copy.grid)))
    return np.clip(nearest[:, ::-1].T, 0, [[copy.grid.rows - 1], [copy.grid.columns - 1]]).astype(int)


def _sampled(header: ImageHeader, pixels: NDArray[np.int_], shape: tuple[int, int]) -> Labels:
    """Return the labels of one image at (row, column) pixels, 255 without usable outlines, (rows, columns)."""
    outlines = read_outlines(header)
    labels = None if outlines is None else filled(outlines)
    return np.full(shape, UNLABELLED, dtype=np.uint8) if labels is None else labels[*pixels].reshape(shape)
