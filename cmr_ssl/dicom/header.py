"""One DICOM file's header, reduced to what sorting and placing its image needs; whatever else it says is never kept."""

import io
import math
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.filereader import read_partial

from cmr_ssl.dicom.archive import DAMAGED, Member

Vector = tuple[float, ...]

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
DEFLATED = b"1.2.840.10008.1.2.1.99"
MAGIC_AT, MAGIC = 128, b"DICM"
FIRST_READ, LONGEST_HEADER = 8192, 2**20
SMALLEST, LARGEST = 16, 2048  # pixels a side
TAGS = {
    "image_type": 0x00080008,
    "sop_class": 0x00080016,
    "instance": 0x00080018,
    "study_date": 0x00080020,
    "acquisition_date": 0x00080022,
    "series_time": 0x00080031,
    "acquisition_time": 0x00080032,
    "modality": 0x00080060,
    "description": 0x0008103E,
    "patient": 0x00100020,
    "thickness": 0x00180050,
    "slice_step": 0x00180088,
    "trigger": 0x00181060,
    "interval": 0x00181062,
    "images": 0x00181090,
    "study": 0x0020000D,
    "series": 0x0020000E,
    "series_number": 0x00200011,
    "number": 0x00200013,
    "position": 0x00200032,
    "orientation": 0x00200037,
    "samples": 0x00280002,
    "photometric": 0x00280004,
    "frames": 0x00280008,
    "rows": 0x00280010,
    "columns": 0x00280011,
    "spacing": 0x00280030,
    "allocated": 0x00280100,
    "stored": 0x00280101,
    "high": 0x00280102,
    "signed": 0x00280103,
    "intercept": 0x00281052,
    "slope": 0x00281053,
}
LAST_TAG = max(TAGS.values())


class Refusal(Exception):
    """A file is no image of a cine; its code, and a sentence that goes on from the file's name."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Grid(NamedTuple):
    """Where the pixels of an image lie, in DICOM's words: mm, LPS+."""

    rows: int
    columns: int
    spacing: Vector  # between rows, between columns
    orientation: Vector  # direction along a row, then down a column
    position: Vector  # of the first pixel's centre


class Format(NamedTuple):
    """How the pixels are stored."""

    syntax: str
    implicit: bool
    little: bool
    allocated: int
    stored: int
    signed: bool
    slope: float
    intercept: float


class Header(NamedTuple):
    """What one file says of its image.

    Attributes:
        member: the file.
        offset: bytes before the part of the file that holds the pixels.
        instance: UID of the image.
        series: UID of the series.
        study: UID of the study; with `patient` and `date` only ever compared, never stored.
        patient: the patient's id.
        date: of the study, YYYYMMDD.
        name: description of the series.
        derived: whether it was computed from other images.
        acquired: when, as sortable text: date and time, then the number of the series.
        number: of the image in its series; 0 where unknown.
        trigger_ms: time since the R wave, NaN where unknown.
        interval_ms: of the beat, NaN where unknown.
        expected: frames of the beat, 0 where unknown.
        thickness: of the slice in mm, NaN where unknown.
        grid: place.
        format: storage.
    """

    member: Member
    offset: int
    instance: str
    series: str
    study: str
    patient: str
    date: str
    name: str
    derived: bool
    acquired: str
    number: int
    trigger_ms: float
    interval_ms: float
    expected: int
    thickness: float
    grid: Grid
    format: Format


class Values:
    """The raw values of a header, read without trusting that they are what their tag promises."""

    def __init__(self, dataset: FileDataset) -> None:
        self._dataset = dataset
        self.little = bool(dataset.original_encoding[1])

    def text(self, name: str) -> str:
        """Return a value as text, empty where there is none."""
        return self._raw(name).decode("latin-1").strip(" \0")

    def numbers(self, name: str) -> Vector:
        """Return the numbers of a text value, none where it holds anything else."""
        parts = self.text(name).split("\\")
        try:
            return tuple(float(part) for part in parts)
        except ValueError:
            return ()

    def number(self, name: str) -> float:
        """Return the one finite number of a text value, else NaN."""
        values = self.numbers(name)
        return values[0] if values and math.isfinite(values[0]) else math.nan

    def whole(self, name: str) -> int:
        """Return a text value as a whole number, 0 where it is none."""
        value = self.number(name)
        return int(value) if abs(value) < 2**31 else 0

    def short(self, name: str, default: int) -> int:
        """Return an unsigned 16-bit value."""
        raw = self._raw(name)
        return int.from_bytes(raw[:2], "little" if self.little else "big") if len(raw) >= 2 else default

    def _raw(self, name: str) -> bytes:
        if TAGS[name] not in self._dataset:
            return b""
        value = self._dataset.get_item(TAGS[name]).value
        return value if isinstance(value, bytes) else str(value or "").encode()


def read_header(member: Member) -> Header:
    """Read the header of one file.

    Raises:
        Refusal: if it is no single-frame MR image with a place.
    """
    try:
        with member.open() as stream:
            dataset, offset = _parse(stream)
    except DAMAGED as error:
        raise Refusal("damaged-member", f"cannot be read ({error})") from error
    values = Values(dataset)
    _check_kind(values)
    meta = dataset.file_meta
    implicit, little = dataset.original_encoding
    return Header(
        member=member,
        offset=offset,
        instance=values.text("instance"),
        series=values.text("series"),
        study=values.text("study"),
        patient=values.text("patient"),
        date=values.text("study_date"),
        name=values.text("description"),
        derived=values.text("image_type").upper().startswith("DERIVED"),
        acquired=_when(values),
        number=values.whole("number"),
        trigger_ms=values.number("trigger"),
        interval_ms=values.number("interval"),
        expected=values.whole("images"),
        thickness=values.number("thickness"),
        grid=_grid(values),
        format=_format(values, str(meta.get("TransferSyntaxUID", "")), bool(implicit), bool(little)),
    )


def axes(orientation: Vector) -> NDArray[np.float64]:
    """Return the directions along a row, down a column and across the slice as rows of a matrix, LPS+, (3, 3)."""
    along, down = np.array(orientation[:3]), np.array(orientation[3:])
    return np.stack([along, down, np.cross(along, down)])


def _parse(stream: BinaryIO) -> tuple[FileDataset, int]:
    """Parse the header from as few bytes as it takes, and return where the rest begins."""
    data = b""
    while len(data) < LONGEST_HEADER:
        wanted = min(max(FIRST_READ, 7 * len(data)), LONGEST_HEADER - len(data))
        more = stream.read(wanted)
        data += more
        _check_start(data)
        dataset, offset = _parse_bytes(data)
        if offset:
            return dataset, offset
        if len(more) < wanted:
            raise Refusal("no-pixels", "holds no image or ends within its header")
    raise Refusal("long-header", f"has a header of more than {LONGEST_HEADER} bytes")


def _parse_bytes(data: bytes) -> tuple[FileDataset, int]:
    """Return the values before the pixels and where they end, 0 if they do not end within these bytes."""
    stream = io.BytesIO(data)
    ended: list[int] = []

    def after_header(tag: int, _vr: str | None, _length: int) -> bool:
        if tag > LAST_TAG:
            ended.append(tag)
        return tag > LAST_TAG

    try:
        dataset = read_partial(stream, stop_when=after_header, specific_tags=list(TAGS.values()))
    except Exception as error:  # a parser in front of hostile bytes may raise anything, also RecursionError
        raise Refusal("damaged-header", f"has a header that cannot be parsed ({type(error).__name__})") from error
    return dataset, stream.tell() if ended else 0


def _check_start(data: bytes) -> None:
    if data[:4] == b"PK\x03\x04":
        raise Refusal("nested-archive", "is an archive within the archive and was not opened")
    if data[MAGIC_AT : MAGIC_AT + 4] != MAGIC:
        raise Refusal("not-dicom", "is no DICOM file")
    if DEFLATED in data:
        raise Refusal("deflated", "is deflated within the file, which could inflate without end")


def _check_kind(values: Values) -> None:
    """Refuse what is no image of an MR scanner."""
    kind, modality = values.text("sop_class"), values.text("modality")
    if kind == ENHANCED_MR or values.whole("frames") > 1:
        raise Refusal("multi-frame", "holds many frames in one file: export it as classic MR images")
    if modality not in ("", "MR"):
        raise Refusal("modality", f"is of modality {modality[:16]!r}, not MR")
    if kind not in ("", MR_IMAGE):
        raise Refusal("no-image", f"is no MR image (SOP class {kind[:64]})")


def _grid(values: Values) -> Grid:
    rows, columns = values.short("rows", 0), values.short("columns", 0)
    if not (SMALLEST <= rows <= LARGEST and SMALLEST <= columns <= LARGEST):
        raise Refusal("matrix", f"has an image of {columns} x {rows} pixels")
    grid = Grid(rows, columns, *(values.numbers(name) for name in ("spacing", "orientation", "position")))
    if (len(grid.spacing), len(grid.orientation), len(grid.position)) != (2, 6, 3):
        raise Refusal("no-place", "does not say where its image lies")
    numbers = np.array(grid.spacing + grid.orientation + grid.position)
    if (
        not np.isfinite(numbers).all()
        or np.abs(numbers).max() > 1e4
        or not 0.05 < min(grid.spacing) <= max(grid.spacing) < 20
    ):
        raise Refusal("no-place", "says that its image lies where no image can")
    along, down, _ = axes(grid.orientation)
    if abs(along @ along - 1) > 0.01 or abs(down @ down - 1) > 0.01 or abs(along @ down) > 0.01:
        raise Refusal("no-place", "has rows and columns that are not perpendicular")
    return grid


def _format(values: Values, syntax: str, implicit: bool, little: bool) -> Format:
    allocated = values.short("allocated", 0)
    stored = values.short("stored", allocated)
    grey = values.short("samples", 1) == 1 and values.text("photometric") in ("", "MONOCHROME2")
    if not grey or allocated not in (8, 16) or not 1 <= stored <= allocated:
        raise Refusal("pixel-format", "has pixels that are no grey values of 8 or 16 bits")
    if values.short("high", stored - 1) != stored - 1:
        raise Refusal("pixel-format", "keeps its grey values in unusual bits")
    slope, intercept = values.number("slope"), values.number("intercept")
    slope, intercept = slope if math.isfinite(slope) and slope else 1.0, intercept if math.isfinite(intercept) else 0.0
    signed = values.short("signed", 0) == 1
    return Format(syntax, implicit, little, allocated, stored, signed, slope, intercept)


def _when(values: Values) -> str:
    time = values.text("acquisition_time") or values.text("series_time")
    date = values.text("acquisition_date") or values.text("study_date")
    return f"{date:0>8.8}{time.replace(':', ''):<16.16}{values.whole('series_number'):09d}"
