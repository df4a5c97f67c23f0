"""Enhanced multi-frame objects: the elements of each frame, as if it were a file of its own."""

import io
from collections.abc import Iterator

from pydicom import dcmread
from pydicom.dataset import Dataset

from cmr_ssl.dicom.archive import DAMAGED, Member
from cmr_ssl.dicom.elements import Elements, Refusal, Vector, to_numbers
from cmr_ssl.dicom.file_issues import FileIssues, printable
from cmr_ssl.dicom.header import EXPORT, ImageHeader, to_header
from cmr_ssl.dicom.multiframe import cine_frames
from cmr_ssl.dicom.tags import FrameTag, GeTag, Tag
from cmr_ssl.machine import raise_if_machine

SHARED, PER_FRAME = 0x52009229, 0x52009230
MOST_FRAMES = 20_000
LONGEST_GROUPS = 32 * 2**20  # bytes of the functional groups
DEEPEST = 3  # nested sequences: a group, its items, and wrappers of converted or private elements
PER_FRAME_TAGS = (Tag.POSITION, Tag.TRIGGER, Tag.TEMPORAL, Tag.NUMBER)  # of the object they hold for no frame
TAGS = {*map(int, Tag), *map(int, FrameTag), *map(int, GeTag)}
CLASSIC_TAGS = {  # tag of enhanced objects -> of classic images; the last one present wins
    FrameTag.FRAME_TYPE: Tag.IMAGE_TYPE,
    FrameTag.FRAME_ECHO: Tag.ECHO_TIME,
    FrameTag.FRAME_TEMPORAL: Tag.TEMPORAL,
    FrameTag.FRAME_ACQUISITION: Tag.ACQUISITION,
    FrameTag.FRAME_INTERVAL: Tag.INTERVAL,
    FrameTag.FRAME_ACTUAL_DELAY: Tag.TRIGGER,
    FrameTag.FRAME_DELAY: Tag.TRIGGER,
}


def read_frames(member: Member, values: Elements, issues: FileIssues) -> list[ImageHeader]:
    """Return the header of every frame that is an image; the others are counted as issues.

    Raises:
        Refusal: if the descriptions of the frames are missing, or not as many as the frames.
        OSError: if the machine failed, not the file.
    """
    headers = cine_frames(member, values)
    if headers:
        return headers
    shared, groups = _groups(member, values)
    indices: list[Vector] = []
    for index, group in enumerate(groups):
        try:
            headers.append(_frame(member, values, shared | group, index, len(groups)))
            indices.append(to_numbers(group.get(FrameTag.FRAME_INDICES, b"").decode("latin-1")))
        except Refusal as refusal:
            issues.add(refusal.code, member.name, f"has a frame that {refusal}")
    return _ranked(headers, indices)


def _ranked(headers: list[ImageHeader], indices: list[Vector]) -> list[ImageHeader]:
    """Return frames with ranks in time: their own, or else those of their dimension indices among frames of a place."""
    if any(header.temporal for header in headers) or len({*map(len, indices)}) != 1 or not indices[0]:
        return headers
    places: dict[Vector, set[Vector]] = {}
    for header, index in zip(headers, indices, strict=True):
        places.setdefault(header.grid.position, set()).add(index)
    ranks = {place: {index: rank for rank, index in enumerate(sorted(those), 1)} for place, those in places.items()}
    return [
        header._replace(temporal=ranks[header.grid.position][index])
        for header, index in zip(headers, indices, strict=True)
    ]


def _groups(member: Member, values: Elements) -> tuple[dict[int, bytes], list[dict[int, bytes]]]:
    """Return the values shared by all frames, and those of each."""
    count = values.whole(Tag.FRAMES) or 1
    description = printable(values.text(Tag.DESCRIPTION)) or "no description"
    content = f"holds {count} frames ({description})"
    if not 1 <= count <= MOST_FRAMES:
        raise Refusal("multi-frame", f"{content}, more than any cine: {EXPORT}")
    dataset = _dataset(member, content)
    groups = dataset.get(PER_FRAME)
    if groups is None or groups.VR != "SQ" or not len(groups.value):
        raise Refusal("multi-frame", f"{content} and does not say where each of them lies: {EXPORT}", count)
    if len(groups.value) != count:
        raise Refusal("multi-frame", f"{content} and describes {len(groups.value)}: {EXPORT}", count)
    shared = dataset.get(SHARED)
    try:
        common = _group_values(shared.value[0]) if shared is not None and shared.VR == "SQ" and shared.value else {}
        return common, [_group_values(group) for group in groups.value]
    except Exception as error:  # elements are parsed lazily
        raise Refusal("damaged-header", f"has frames that cannot be parsed ({type(error).__name__})") from error


def _dataset(member: Member, content: str) -> Dataset:
    try:
        data = member.read()
    except DAMAGED as error:
        raise_if_machine(error)
        raise Refusal("damaged-member", f"cannot be read ({error})") from error
    start = data.find(b"\x00\x52\x30\x92")  # of the per-frame groups
    if start >= 0 and data.find(b"\xe0\x7f\x10\x00", start) > start + LONGEST_GROUPS:
        raise Refusal("long-header", f"{content} and more than {LONGEST_GROUPS} bytes that describe them")
    try:
        return dcmread(io.BytesIO(data), stop_before_pixels=True, force=True)
    except Exception as error:  # a parser in front of hostile bytes may raise anything, also RecursionError
        raise Refusal("damaged-header", f"has a header that cannot be parsed ({type(error).__name__})") from error


def _group_values(group: Dataset) -> dict[int, bytes]:
    """Return the raw values of a functional group as classic images store them."""
    values = dict(_flat(group, DEEPEST))
    if offset := values.get(FrameTag.FRAME_OFFSET):
        values.setdefault(Tag.TRIGGER, str(1000.0 * float(offset)).encode())
    if time := values.get(FrameTag.FRAME_TIME):
        values |= {Tag.ACQUISITION_DATE: time[:8], Tag.ACQUISITION_TIME: time[8:]}
    if time := values.get(FrameTag.FRAME_REFERENCE):
        values |= {Tag.CONTENT_DATE: time[:8], Tag.CONTENT_TIME: time[8:]}
    return values | {classic: values[tag] for tag, classic in CLASSIC_TAGS.items() if tag in values}


def _flat(group: Dataset, depth: int) -> Iterator[tuple[int, bytes]]:
    """Yield the elements of `TAGS`, also from the first items of nested sequences."""
    for tag in list(map(int, group.keys())):
        if tag in TAGS:
            yield tag, _raw(group[tag].value)
        elif depth and group[tag].VR == "SQ" and group[tag].value:
            yield from _flat(group[tag].value[0], depth - 1)


def _raw(value: object) -> bytes:
    """Return a value as classic images store it: numbers as text, several values separated by backslashes."""
    items = value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]
    return "\\".join("" if item is None else str(item) for item in items).encode("latin-1", "replace")  # type: ignore[attr-defined]


def _frame(member: Member, values: Elements, of_frame: dict[int, bytes], index: int, count: int) -> ImageHeader:
    """Return the header of one frame."""
    of_object = {tag: raw for tag, raw in values.values.items() if count == 1 or tag not in PER_FRAME_TAGS}
    header = to_header(member, values._replace(values=of_object | of_frame))
    number = header.number if count == 1 else index + 1
    return header._replace(instance=f"{header.instance}#{index}", number=number, frame=index, frames=count)
