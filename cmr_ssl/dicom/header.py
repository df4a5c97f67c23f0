"""The header of one image, reduced to what sorting and placing it needs; nothing else of it is kept."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.dicom.archive import DAMAGED, Member
from cmr_ssl.dicom.components import component, ge_part, named_parts
from cmr_ssl.dicom.elements import Elements, Refusal, Vector, read_elements, to_numbers
from cmr_ssl.dicom.file_issues import printable
from cmr_ssl.dicom.moments import to_seconds
from cmr_ssl.dicom.tags import DECIMALS, GeTag, Tag
from cmr_ssl.machine import raise_if_machine

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR, CONVERTED_MR = f"{MR_IMAGE}.1", f"{MR_IMAGE}.4"
MANY_FRAMES = (ENHANCED_MR, CONVERTED_MR)
EXPORT = "export it as classic MR images"
SMALLEST, LARGEST = 16, 2048  # pixels a side
MOST_OFF = 0.05, 0.02  # length of a direction from 1, and cosine between rows and columns, that are mended
ROUNDED, NOTED = 1e-5, 2e-3  # of a direction's components: what is left as it is, and what is said
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


class PixelGrid(NamedTuple):
    """Size and position of an image's pixels as DICOM gives them: mm, LPS+."""

    rows: int
    columns: int
    spacing: Vector  # between rows, between columns
    orientation: Vector  # direction along a row, then down a column
    position: Vector  # of the first pixel's centre

    @property
    def plane(self) -> tuple[object, ...]:
        """Everything but the position: equal for the slices of a stack."""
        return self[:4]


class PixelFormat(NamedTuple):
    """Storage of the pixels."""

    syntax: str
    implicit: bool
    little: bool
    allocated: int
    stored: int
    signed: bool
    slope: float
    intercept: float


class ImageHeader(NamedTuple):
    """One image; unknown numbers are NaN, unknown counts 0."""

    member: Member  # the file
    offset: int  # bytes before the pixels in the file
    instance: str  # UID of the image
    series: str  # UID of the series
    study: str  # UID of the study; like `patient` and `date` only compared, never stored
    patient: str  # the patient's id
    date: str  # of the study, YYYYMMDD
    name: str  # description of the series
    derived: bool  # whether it was computed from other images
    acquired: str  # sortable date and time, then the numbers of series and acquisition
    number: int  # of the image in its series
    trigger_ms: float  # time since the R wave
    interval_ms: float  # length of the beat
    expected: int  # frames of the beat
    thickness: float  # of the slice in mm
    grid: PixelGrid  # size and position
    format: PixelFormat  # storage
    acquisition: int = 0  # number of the acquisition
    temporal: int = 0  # rank in time
    acquired_s: float = math.nan  # time of acquisition in seconds
    content_s: float = math.nan  # time at which the image was made, in seconds
    echo: str = ""  # echo time as stored
    frame: int = 0  # index in the file
    frames: int = 1  # number of frames in the file
    bare: bool = False  # whether the file lacks the preamble
    commas: bool = False  # whether it has decimal commas
    inversion: str = ""  # inversion time as stored
    skewed: bool = False  # whether its directions were mended noticeably


def read_values(member: Member) -> Elements:
    """Read the elements before the pixels of one file.

    Raises:
        Refusal: if it is no MR image.
        OSError: if the machine failed, not the file.
    """
    values = _read_elements(member, [*Tag])
    _check_kind(values)
    if named_parts(values.text(Tag.IMAGE_TYPE), values.text(Tag.COMPONENT)):
        return values
    try:
        return _read_elements(member, [*Tag, *GeTag])
    except Refusal:  # private elements are optional
        return values


def _read_elements(member: Member, tags: list[int]) -> Elements:
    try:
        with member.open() as stream:
            return read_elements(stream, tags)
    except DAMAGED as error:
        raise_if_machine(error)
        raise Refusal("damaged-member", f"cannot be read ({error})") from error


def is_multiframe(values: Elements) -> bool:
    """Tell whether a file holds several frames, or describes its only one as one of several."""
    return values.text(Tag.SOP_CLASS) in MANY_FRAMES or values.whole(Tag.FRAMES) > 1


def read_header(member: Member) -> ImageHeader:
    """Read the header of one file.

    Raises:
        Refusal: if it is no single-frame MR image with a position.
        OSError: if the machine failed, not the file.
    """
    values = read_values(member)
    if is_multiframe(values):
        raise Refusal("multi-frame", "holds many frames in one file")
    return to_header(member, values)


def to_header(member: Member, values: Elements) -> ImageHeader:
    """Return the header of one image from its elements.

    Raises:
        Refusal: if it is no magnitude image with a position.
    """
    ge_component = ge_part(values.text(GeTag.CREATOR), values.values.get(GeTag.COMPONENT, b""), values.little)
    part = component(values.text(Tag.IMAGE_TYPE), values.text(Tag.COMPONENT), ge_component)
    if part:
        raise Refusal("not-magnitude", f"is a {part} image, not the magnitude")
    date = values.text(Tag.ACQUISITION_DATE) or values.text(Tag.STUDY_DATE)
    datetime = values.text(Tag.ACQUISITION_DATETIME)
    grid = _grid(
        values.short(Tag.ROWS, 0),
        values.short(Tag.COLUMNS, 0),
        values.text(Tag.SPACING),
        values.text(Tag.ORIENTATION),
        values.text(Tag.POSITION),
    )
    return ImageHeader(
        member=member,
        offset=values.end,
        instance=values.text(Tag.INSTANCE),
        series=values.text(Tag.SERIES),
        study=values.text(Tag.STUDY),
        patient=values.text(Tag.PATIENT),
        date=values.text(Tag.STUDY_DATE),
        name=printable(values.text(Tag.DESCRIPTION)),
        derived=values.text(Tag.IMAGE_TYPE).upper().startswith("DERIVED"),
        acquired=_acquired(values),
        number=values.whole(Tag.NUMBER),
        trigger_ms=values.number(Tag.TRIGGER),
        interval_ms=values.number(Tag.INTERVAL),
        expected=values.whole(Tag.IMAGES),
        thickness=values.number(Tag.THICKNESS),
        grid=grid,
        format=_format(values),
        acquisition=values.whole(Tag.ACQUISITION),
        temporal=values.whole(Tag.TEMPORAL),
        acquired_s=to_seconds(date, values.text(Tag.ACQUISITION_TIME) or datetime[8:]),
        content_s=to_seconds(values.text(Tag.CONTENT_DATE) or date, values.text(Tag.CONTENT_TIME)),
        echo=values.text(Tag.ECHO_TIME),
        bare=not values.preamble,
        commas=any(b"," in values.values.get(tag, b"") for tag in DECIMALS),
        inversion=values.text(Tag.INVERSION),
        skewed=float(np.abs(np.subtract(grid.orientation, values.numbers(Tag.ORIENTATION))).max()) > NOTED,
    )


def axes(orientation: Vector) -> NDArray[np.float64]:
    """Return the directions along a row, down a column and across the slice as rows of a matrix, LPS+, (3, 3)."""
    along, down = np.array(orientation[:3]), np.array(orientation[3:])
    return np.stack([along, down, np.cross(along, down)])


def _check_kind(values: Elements) -> None:
    """Refuse everything but images of an MR scanner."""
    sop_class, modality = values.text(Tag.SOP_CLASS), values.text(Tag.MODALITY)
    if modality not in ("", "MR"):
        raise Refusal("modality", f"is of modality {modality[:16]!r}, not MR")
    if sop_class not in ("", MR_IMAGE, *MANY_FRAMES):
        if values.whole(Tag.FRAMES) > 1:
            count = f"holds {values.whole(Tag.FRAMES)} frames ({printable(values.text(Tag.DESCRIPTION))})"
            raise Refusal("multi-frame", f"{count} and is no MR image (SOP class {printable(sop_class)}): {EXPORT}")
        raise Refusal("no-image", f"is no MR image (SOP class {printable(sop_class)})")


@lru_cache(maxsize=256)  # all frames of a slice have the same
def _grid(rows: int, columns: int, spacing: str, orientation: str, position: str) -> PixelGrid:
    if not (SMALLEST <= rows <= LARGEST and SMALLEST <= columns <= LARGEST):
        raise Refusal("matrix", f"has an image of {columns} x {rows} pixels")
    grid = PixelGrid(rows, columns, to_numbers(spacing), to_numbers(orientation), to_numbers(position))
    for name, text, numbers, count in (
        ("PixelSpacing", spacing, grid.spacing, 2),
        ("ImageOrientationPatient", orientation, grid.orientation, 6),
        ("ImagePositionPatient", position, grid.position, 3),
    ):
        if len(numbers) != count:
            held = f"holds {printable(text)!r}, not {count} numbers" if text else "is missing"
            raise Refusal("no-place", f"does not say where its image lies: {name} {held}")
    everything = np.array(grid.spacing + grid.orientation + grid.position)
    if (
        not np.isfinite(everything).all()
        or np.abs(everything).max() > 1e4
        or not 0.05 < min(grid.spacing) <= max(grid.spacing) < 20
    ):
        raise Refusal("no-place", "says that its image lies where no image can")
    if not any(grid.position):
        raise Refusal("no-place", "lies at 0, 0, 0, where programs that remove identities put images")
    return grid._replace(orientation=_at_right_angles(grid.orientation))


def _at_right_angles(orientation: Vector) -> Vector:
    """Return directions as unit vectors at right angles, which rounding and careless programs leave them not quite."""
    along, down, _ = axes(orientation)
    lengths = np.array([np.linalg.norm(along), np.linalg.norm(down)])
    if np.abs(lengths - 1).max() > MOST_OFF[0] or abs(along @ down) > MOST_OFF[1]:
        raise Refusal("no-place", "has rows and columns that are not perpendicular")
    along, down = along / lengths[0], down / lengths[1]
    between, across = along + down, along - down
    between, across = between / np.linalg.norm(between), across / np.linalg.norm(across)
    mended = np.concatenate([between + across, between - across]) / np.sqrt(2.0)
    return orientation if np.abs(mended - orientation).max() <= ROUNDED else tuple(mended.tolist())


def _format(values: Elements) -> PixelFormat:
    allocated = values.short(Tag.ALLOCATED, 0)
    stored = values.short(Tag.STORED, allocated)
    photometric = values.text(Tag.PHOTOMETRIC)
    if values.short(Tag.SAMPLES, 1) != 1 or photometric not in ("", "MONOCHROME1", "MONOCHROME2"):
        raise Refusal("colours", f"has pixels in colours ({printable(photometric)}), no grey values")
    if photometric == "MONOCHROME1":
        raise Refusal("pixel-format", "has inverted grey values (MONOCHROME1)")
    if allocated not in (8, 16) or not 1 <= stored <= allocated:
        raise Refusal("pixel-format", "has pixels that are no grey values of 8 or 16 bits")
    if values.short(Tag.HIGH, stored - 1) != stored - 1:
        raise Refusal("pixel-format", "keeps its grey values in unusual bits")
    slope, intercept = values.number(Tag.SLOPE), values.number(Tag.INTERCEPT)
    slope, intercept = slope if math.isfinite(slope) and slope else 1.0, intercept if math.isfinite(intercept) else 0.0
    signed = values.short(Tag.SIGNED, 0) == 1
    return PixelFormat(values.syntax, values.implicit, values.little, allocated, stored, signed, slope, intercept)


def _acquired(values: Elements) -> str:
    times = values.text(Tag.ACQUISITION_TIME), values.text(Tag.ACQUISITION_DATETIME)[8:], values.text(Tag.SERIES_TIME)
    time = next(filter(None, times), "")
    date = values.text(Tag.ACQUISITION_DATE) or values.text(Tag.STUDY_DATE)
    numbers = f"{values.whole(Tag.SERIES_NUMBER):09d}{values.whole(Tag.ACQUISITION):09d}"
    return f"{date:0>8.8}{time.replace(':', ''):<16.16}{numbers}"
