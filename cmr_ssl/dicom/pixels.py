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
from cmr_ssl.dicom.header import ImageHeader, PixelFormat
from cmr_ssl.machine import raise_if_machine

PIXEL_DATA = 0x7FE00010
UNCOMPRESSED = {"", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}
JPEG_2000 = b"\xff\x4f\xff\x51"  # start of a code stream and of its size
JPEG_SIZES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7}  # frame headers


def read_pixels(header: ImageHeader) -> NDArray[np.generic]:
    """Read one image, (rows, columns), in the integers it is stored in.

    Raises:
        ValueError: if the file does not hold the image of its header, with a sentence that continues the name.
        OSError: if the machine failed, not the file.
    """
    pixels = _uncompressed(header) if header.format.syntax in UNCOMPRESSED else _compressed(header)
    return _without_unused_bits(pixels, header)


def clear_cache() -> None:
    """Forget the file of many frames that was read last."""
    _cached_file.cache_clear()
    _cached_pixels.cache_clear()


def _read_file(header: ImageHeader) -> bytes:
    try:
        return header.member.read() if header.frames == 1 else _cached_file(header.member)
    except DAMAGED as error:
        raise_if_machine(error)
        raise ValueError(f"cannot be read ({error})") from error


@lru_cache(maxsize=1)  # its frames are read one after the other
def _cached_file(member: Member) -> bytes:
    return member.read()


@lru_cache(maxsize=1)
def _cached_pixels(member: Member, offset: int, form: PixelFormat) -> bytes:
    return _pixel_bytes(_cached_file(member), offset, form)


def _uncompressed(header: ImageHeader) -> NDArray[np.generic]:
    form, grid = header.format, header.grid
    data = _read_file(header)
    if header.frames > 1:
        value = _cached_pixels(header.member, header.offset, form)
    else:
        value = _pixel_bytes(data, header.offset, form)
    size = grid.rows * grid.columns * form.allocated // 8
    start = header.frame * size
    if len(value) < start + size:
        raise ValueError(f"holds {max(0, len(value) - start)} of the {size} bytes of its image")
    dtype = f"{'<' if form.little else '>'}{'i' if form.signed else 'u'}{form.allocated // 8}"
    pixels = np.frombuffer(value, dtype, grid.rows * grid.columns, start)
    return pixels.reshape(grid.rows, grid.columns)


def _pixel_bytes(data: bytes, offset: int, form: PixelFormat) -> bytes:
    """Return the value of the pixel element after the header, empty without one."""
    stream = io.BytesIO(data)
    stream.seek(offset)
    try:
        for element in data_element_generator(stream, form.implicit, form.little, specific_tags=[PIXEL_DATA]):
            if element.tag == PIXEL_DATA and isinstance(element.value, bytes):
                return element.value
    except Exception as error:  # a parser in front of hostile bytes may raise anything
        raise ValueError(f"is damaged between header and image ({type(error).__name__})") from error
    return b""


def _compressed(header: ImageHeader) -> NDArray[np.generic]:
    data, grid = _read_file(header), header.grid
    name = UID(header.format.syntax).name
    _check_codestream(data[header.offset :], grid.columns, grid.rows, header.frames * header.format.allocated // 8)
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


def _check_codestream(code: bytes, columns: int, rows: int, sample: int) -> None:
    """Refuse a code stream of another image size than the header's, before a decoder allocates memory for it."""
    if len(code) > 2 * columns * rows * sample + 2**20:
        raise ValueError(f"needs {len(code)} bytes for a compressed image of {columns} x {rows} pixels")
    size = codestream_size(code)
    if size is not None and size != (columns, rows):
        raise ValueError(f"holds a compressed image of {size[0]} x {size[1]} pixels, not {columns} x {rows}")


def codestream_size(code: bytes) -> tuple[int, int] | None:
    """Return columns and rows of a JPEG or JPEG 2000 stream by its own header, None for other streams."""
    start = code.find(JPEG_2000)
    if start >= 0 and len(code) >= start + 24:
        right, bottom, left, top = struct.unpack_from(">4I", code, start + 8)
        return right - left, bottom - top
    start = code.find(b"\xff\xd8\xff")
    position = start + 2 if start >= 0 else len(code)
    while position + 9 <= len(code) and code[position] == 0xFF:
        marker, length = code[position + 1], int.from_bytes(code[position + 2 : position + 4], "big")
        if marker in JPEG_SIZES:
            rows, columns = struct.unpack_from(">2H", code, position + 5)
            return columns, rows
        position += 2 + length
    return None


def _without_unused_bits(pixels: NDArray[np.generic], header: ImageHeader) -> NDArray[np.generic]:
    """Clear bits above the stored ones, where some scanners keep overlays."""
    form = header.format
    spare = form.allocated - form.stored
    if not spare:
        return pixels
    if not form.signed:
        return np.asarray(np.bitwise_and(pixels, 2**form.stored - 1))
    words = pixels.astype(f"i{form.allocated // 8}", copy=True)
    return np.right_shift(np.left_shift(words, spare), spare)
