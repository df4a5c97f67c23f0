"""The pixels of one file: read straight from its bytes, or decoded by pydicom's plugins within the header's bounds."""

import io
import struct

import numpy as np
from numpy.typing import NDArray
from pydicom.filereader import data_element_generator, dcmread
from pydicom.uid import UID

from cmr_ssl.dicom.archive import DAMAGED
from cmr_ssl.dicom.header import Header

PIXEL_DATA = 0x7FE00010
PLAIN = {"", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}
JPEG_2000 = b"\xff\x4f\xff\x51"  # start of a code stream and of its size
JPEG_SIZES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7}  # frame headers


def read_pixels(header: Header) -> NDArray[np.generic]:
    """Read one image, (rows, columns), in the integers it is stored in.

    Raises:
        ValueError: if the file does not hold the image its header promises; a sentence that goes on from its name.
    """
    try:
        with header.member.open() as stream:
            data = stream.read()
    except DAMAGED as error:
        raise ValueError(f"cannot be read ({error})") from error
    pixels = _plain(data, header) if header.format.syntax in PLAIN else _compressed(data, header)
    return _unused_bits_cleared(pixels, header)


def _plain(data: bytes, header: Header) -> NDArray[np.generic]:
    form, grid = header.format, header.grid
    kind = f"{'<' if form.little else '>'}{'i' if form.signed else 'u'}{form.allocated // 8}"
    value = _pixel_bytes(data, header)
    expected = grid.rows * grid.columns * form.allocated // 8
    if len(value) < expected:
        raise ValueError(f"holds {len(value)} of the {expected} bytes of its image")
    return np.frombuffer(value, dtype=kind, count=grid.rows * grid.columns).reshape(grid.rows, grid.columns)


def _pixel_bytes(data: bytes, header: Header) -> bytes:
    """Return the value of the pixel element, which lies somewhere behind the header."""
    stream = io.BytesIO(data)
    stream.seek(header.offset)
    form = header.format
    try:
        for element in data_element_generator(stream, form.implicit, form.little, specific_tags=[PIXEL_DATA]):
            if element.tag == PIXEL_DATA and isinstance(element.value, bytes):
                return element.value
    except Exception as error:  # a parser in front of hostile bytes may raise anything
        raise ValueError(f"is damaged between header and image ({type(error).__name__})") from error
    return b""


def _compressed(data: bytes, header: Header) -> NDArray[np.generic]:
    grid = header.grid
    name = UID(header.format.syntax).name
    _check_code(data[header.offset :], grid.columns, grid.rows, header.format.allocated // 8)
    try:
        pixels = dcmread(io.BytesIO(data)).pixel_array
    except Exception as error:  # decoders are other people's C
        raise ValueError(
            f"is compressed ({name}) and cannot be decoded ({type(error).__name__}): "
            "install cmr-ssl[compressed], or export it uncompressed"
        ) from error
    if pixels.shape != (grid.rows, grid.columns) or pixels.dtype.kind not in "iu":
        raise ValueError(f"is compressed ({name}) and holds no image of {grid.columns} x {grid.rows} grey values")
    return np.asarray(pixels)


def _check_code(code: bytes, columns: int, rows: int, sample: int) -> None:
    """Refuse a code stream that promises another image than the header, before a decoder makes room for it."""
    if len(code) > 2 * columns * rows * sample + 2**20:
        raise ValueError(f"needs {len(code)} bytes for a compressed image of {columns} x {rows} pixels")
    size = code_size(code)
    if size is not None and size != (columns, rows):
        raise ValueError(f"holds a compressed image of {size[0]} x {size[1]} pixels, not {columns} x {rows}")


def code_size(code: bytes) -> tuple[int, int] | None:
    """Return columns and rows that a JPEG or JPEG 2000 stream promises, None where it is neither."""
    at = code.find(JPEG_2000)
    if at >= 0 and len(code) >= at + 24:
        right, bottom, left, top = struct.unpack_from(">4I", code, at + 8)
        return right - left, bottom - top
    at = code.find(b"\xff\xd8\xff")
    at = at + 2 if at >= 0 else len(code)
    while at + 9 <= len(code) and code[at] == 0xFF:
        marker, length = code[at + 1], int.from_bytes(code[at + 2 : at + 4], "big")
        if marker in JPEG_SIZES:
            rows, columns = struct.unpack_from(">2H", code, at + 5)
            return columns, rows
        at += 2 + length
    return None


def _unused_bits_cleared(pixels: NDArray[np.generic], header: Header) -> NDArray[np.generic]:
    """Clear bits above the stored ones, where some scanners keep overlays."""
    form = header.format
    spare = form.allocated - form.stored
    if not spare:
        return pixels
    if not form.signed:
        return np.asarray(np.bitwise_and(pixels, 2**form.stored - 1))
    words = pixels.astype(f"i{form.allocated // 8}", copy=True)
    return np.right_shift(np.left_shift(words, spare), spare)
