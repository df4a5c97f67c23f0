"""The pixels of one file: read straight from its bytes, or decoded by pydicom's plugins within the header's bounds."""

import io
import struct
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pydicom.filereader import data_element_generator, dcmread
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from cmr_ssl.dicom.archive import DAMAGED, Member
from cmr_ssl.dicom.header import Format, Header
from cmr_ssl.machine import raise_if_machine

PIXEL_DATA = 0x7FE00010
PLAIN = {"", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}
JPEG_2000 = b"\xff\x4f\xff\x51"  # start of a code stream and of its size
JPEG_SIZES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7}  # frame headers


def read_pixels(header: Header) -> NDArray[np.generic]:
    """Read one image, (rows, columns), in the integers it is stored in.

    Raises:
        ValueError: if the file does not hold the image its header promises; a sentence that goes on from its name.
        OSError: if the machine failed, not the file.
    """
    plain = header.format.syntax in PLAIN
    return _unused_bits_cleared(_plain(header) if plain else _compressed(header), header)


def forget() -> None:
    """Forget the file with many frames that was read last."""
    _remembered.cache_clear()
    _remembered_pixels.cache_clear()


def _file(header: Header) -> bytes:
    try:
        return header.member.read() if header.frames == 1 else _remembered(header.member)
    except DAMAGED as error:
        raise_if_machine(error)
        raise ValueError(f"cannot be read ({error})") from error


@lru_cache(maxsize=1)  # its frames are read one after the other
def _remembered(member: Member) -> bytes:
    return member.read()


@lru_cache(maxsize=1)
def _remembered_pixels(member: Member, offset: int, form: Format) -> bytes:
    return _pixel_bytes(_remembered(member), offset, form)


def _plain(header: Header) -> NDArray[np.generic]:
    form, grid = header.format, header.grid
    kind = f"{'<' if form.little else '>'}{'i' if form.signed else 'u'}{form.allocated // 8}"
    data = _file(header)
    many = header.frames > 1
    value = _remembered_pixels(header.member, header.offset, form) if many else _pixel_bytes(data, header.offset, form)
    size = grid.rows * grid.columns * form.allocated // 8
    if len(value) < (header.frame + 1) * size:
        there = min(size, max(0, len(value) - header.frame * size))
        raise ValueError(f"holds {there} of the {size} bytes of its image")
    pixels = np.frombuffer(value, dtype=kind, count=grid.rows * grid.columns, offset=header.frame * size)
    return pixels.reshape(grid.rows, grid.columns)


def _pixel_bytes(data: bytes, offset: int, form: Format) -> bytes:
    """Return the value of the pixel element, which lies somewhere behind the header."""
    stream = io.BytesIO(data)
    stream.seek(offset)
    try:
        for element in data_element_generator(stream, form.implicit, form.little, specific_tags=[PIXEL_DATA]):
            if element.tag == PIXEL_DATA and isinstance(element.value, bytes):
                return element.value
    except Exception as error:  # a parser in front of hostile bytes may raise anything
        raise ValueError(f"is damaged between header and image ({type(error).__name__})") from error
    return b""


def _compressed(header: Header) -> NDArray[np.generic]:
    data, grid = _file(header), header.grid
    name = UID(header.format.syntax).name
    _check_code(data[header.offset :], grid.columns, grid.rows, header.frames * header.format.allocated // 8)
    try:
        whole = dcmread(io.BytesIO(data), force=True)
        pixels = whole.pixel_array if header.frames == 1 else pixel_array(whole, index=header.frame)
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
