"""The raw elements before a file's pixels, from as few bytes as possible; sequences stay closed, values unchecked."""

import io
import math
from collections.abc import Iterable
from typing import IO, BinaryIO, NamedTuple

from pydicom.filereader import data_element_generator

Vector = tuple[float, ...]

IMPLICIT, BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
MAGIC_AT, MAGIC = 128, b"DICM"
META_AT = MAGIC_AT + len(MAGIC)
SYNTAX_TAG = 0x00020010
FIRST_DATA_TAG = 0x00030000
SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
FIRST_READ, LONGEST_HEADER = 4096, 2**20
GROUP_8_BIG = b"\0\x08"
BARE_GROUPS = (b"\2\0", b"\x08\0", GROUP_8_BIG)  # the meta header, or the first group of any image
LEAST_BARE, LONGEST_FIRST = 16, 256  # bytes


class Refusal(Exception):
    """A file is no image of a cine: a finding code, a sentence that continues the file's name, its number of images."""

    def __init__(self, code: str, sentence: str, images: int = 1) -> None:
        super().__init__(sentence)
        self.code, self.images = code, images


class Elements(NamedTuple):
    """The raw values of some elements."""

    values: dict[int, bytes]  # tag to bytes as stored
    syntax: str  # UID of the transfer syntax, empty if unknown
    implicit: bool  # whether value representations are implicit
    little: bool  # whether the low byte comes first
    end: int  # bytes before the first element after the requested ones
    preamble: bool = True  # whether the file starts with DICOM's preamble

    def text(self, tag: int) -> str:
        """Return a value as text, empty where there is none."""
        return self.values.get(tag, b"").decode("latin-1").strip(" \0")

    def numbers(self, tag: int) -> Vector:
        """Return the numbers of a text value, none where it holds anything else."""
        return to_numbers(self.text(tag))

    def number(self, tag: int) -> float:
        """Return the first number of a text value, NaN where it is not finite."""
        values = self.numbers(tag)
        return values[0] if values and math.isfinite(values[0]) else math.nan

    def whole(self, tag: int) -> int:
        """Return a text value as a whole number, 0 where it is none."""
        value = self.number(tag)
        return int(value) if abs(value) < 2**31 else 0

    def short(self, tag: int, default: int) -> int:
        """Return an unsigned 16-bit value."""
        raw = self.values.get(tag, b"")
        return int.from_bytes(raw[:2], "little" if self.little else "big") if len(raw) >= 2 else default


def to_numbers(text: str) -> Vector:
    """Return the numbers of a text value, a decimal comma read as a point; none where it holds anything else."""
    try:
        return tuple(float(part) for part in text.replace(",", ".").replace("_", "?").split("\\"))
    except ValueError:
        return ()


def start_of(data: bytes) -> int | None:
    """Return the offset of a DICOM file's elements: after the preamble or 0; None for other files.

    Some archives store the bare data set, with or without its meta header.
    """
    if data[MAGIC_AT:META_AT] == MAGIC:
        return META_AT
    if len(data) < LEAST_BARE or data[:2] not in BARE_GROUPS:
        return None
    vr, implicit_length = data[4:6], int.from_bytes(data[4:8], "little")
    follows = data[8 + implicit_length : 10 + implicit_length]
    implicit = implicit_length < LONGEST_FIRST and follows == data[:2]
    return 0 if implicit or vr in SHORT_VRS | LONG_VRS else None


def read_elements(stream: IO[bytes], tags: Iterable[int]) -> Elements:
    """Read the elements of these tags, which another element must follow.

    Raises:
        Refusal: if the stream is no DICOM file, or ends within its header.
    """
    requested = list(tags)
    data = b""
    while len(data) < LONGEST_HEADER:
        count = min(max(FIRST_READ, 7 * len(data)), LONGEST_HEADER - len(data))
        more = stream.read(count)
        data += more
        start = _checked_start(data)
        try:
            elements = parse(data, requested, start)
        except Exception as error:  # a parser in front of hostile bytes may raise anything, also RecursionError
            raise Refusal("damaged-header", f"has a header that cannot be parsed ({type(error).__name__})") from error
        if elements.syntax == DEFLATED:
            raise Refusal("deflated", "is deflated within the file, which could inflate without end")
        if elements.end:
            return elements if start else elements._replace(preamble=False)
        if len(more) < count:
            raise Refusal("no-pixels", "holds no image or ends within its header")
    raise Refusal("long-header", f"has a header of more than {LONGEST_HEADER} bytes")


def _checked_start(data: bytes) -> int:
    if data[:4] == b"PK\x03\x04":
        raise Refusal("nested-archive", "is an archive within the archive and was not opened: unpack it")
    start = start_of(data)
    if start is None:
        raise Refusal("not-dicom", "is no DICOM file")
    return start


def parse(data: bytes, tags: list[int], start: int = META_AT) -> Elements:
    """Parse a file's first bytes in any encoding by pydicom; `end` is 0 if it does not lie within them."""
    stream = io.BytesIO(data)
    stream.seek(start)
    meta, _ = _values(stream, False, True, FIRST_DATA_TAG, [SYNTAX_TAG])
    syntax = meta.get(SYNTAX_TAG, b"").decode("latin-1").strip(" \0")
    first = data[stream.tell() : stream.tell() + 6]
    implicit = syntax == IMPLICIT or (not syntax and not first[4:].isalpha())
    little = syntax != BIG_ENDIAN and (syntax != "" or first[:2] != GROUP_8_BIG)
    if syntax == DEFLATED:
        return Elements({}, syntax, implicit, little, 0)
    values, ended = _values(stream, implicit, little, max(tags) + 1, tags)
    return Elements(values, syntax, implicit, little, stream.tell() if ended else 0)


def _values(stream: BinaryIO, implicit: bool, little: bool, end: int, tags: list[int]) -> tuple[dict[int, bytes], bool]:
    """Return the raw values before a tag, and whether an element from there on follows."""
    ended: list[int] = []

    def at_end(tag: int, _kind: str | None, _length: int) -> bool:
        if int(tag) >= end:
            ended.append(tag)
            return True
        return False

    elements = data_element_generator(stream, implicit, little, at_end, specific_tags=[*tags])
    return {int(element.tag): element.value for element in elements if isinstance(element.value, bytes)}, bool(ended)
