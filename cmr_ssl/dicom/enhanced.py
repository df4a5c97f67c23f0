"""Enhanced multi-frame objects: each frame's own groups of elements, as if the frame were a file of its own."""

import io
from collections.abc import Iterator

from pydicom import dcmread
from pydicom.dataset import Dataset

from cmr_ssl.dicom.archive import DAMAGED, Member
from cmr_ssl.dicom.elements import Elements, Refusal
from cmr_ssl.dicom.file_issues import FileIssues, printable
from cmr_ssl.dicom.header import EXPORT, Header, to_header
from cmr_ssl.dicom.multiframe import cine_frames
from cmr_ssl.dicom.tags import FrameTag, GeTag, Tag
from cmr_ssl.machine import raise_if_machine

SHARED, PER_FRAME = 0x52009229, 0x52009230
MOST_FRAMES = 20_000
LONGEST_GROUPS = 32 * 2**20  # bytes of what describes the frames
DEEPEST = 3  # a group, what stands in it, and what converted or private elements are packed in
OWN = (Tag.POSITION, Tag.TRIGGER, Tag.TEMPORAL, Tag.NUMBER)  # of a frame; what the object says of them is no frame's
ASKED = {*map(int, Tag), *map(int, FrameTag), *map(int, GeTag)}
CALLED = {  # as enhanced objects call it -> as classic images do; of several the last one there is
    FrameTag.FRAME_TYPE: Tag.IMAGE_TYPE,
    FrameTag.FRAME_ECHO: Tag.ECHO_TIME,
    FrameTag.FRAME_TEMPORAL: Tag.TEMPORAL,
    FrameTag.FRAME_ACQUISITION: Tag.ACQUISITION,
    FrameTag.FRAME_INTERVAL: Tag.INTERVAL,
    FrameTag.FRAME_ACTUAL_DELAY: Tag.TRIGGER,
    FrameTag.FRAME_DELAY: Tag.TRIGGER,
}


def read_frames(member: Member, values: Elements, odd: FileIssues) -> list[Header]:
    """Return the header of every frame that is an image; the others are counted.

    Args:
        member: the file.
        values: its elements before the functional groups.
        odd: where frames that are no images are counted.

    Raises:
        Refusal: if the frames are not described, or not as they are counted.
        OSError: if the machine failed, not the file.
    """
    headers = cine_frames(member, values)
    if headers:
        return headers
    shared, groups = _groups(member, values)
    for index, group in enumerate(groups):
        try:
            headers.append(_frame(member, values, shared | group, index, len(groups)))
        except Refusal as refusal:
            odd.add(refusal.code, member.name, f"has a frame that {refusal}")
    return headers


def _groups(member: Member, values: Elements) -> tuple[dict[int, bytes], list[dict[int, bytes]]]:
    """Return what is said of all frames together and of each."""
    count = values.whole(Tag.FRAMES) or 1
    said = printable(values.text(Tag.DESCRIPTION)) or "no description"
    where = f"holds {count} frames ({said})"
    if not 1 <= count <= MOST_FRAMES:
        raise Refusal("multi-frame", f"{where}, more than any cine: {EXPORT}")
    dataset = _dataset(member, where)
    groups = dataset.get(PER_FRAME)
    if groups is None or groups.VR != "SQ" or not len(groups.value):
        raise Refusal("multi-frame", f"{where} and does not say where each of them lies: {EXPORT}")
    if len(groups.value) != count:
        raise Refusal("multi-frame", f"{where} and describes {len(groups.value)}: {EXPORT}")
    shared = dataset.get(SHARED)
    try:
        together = _group_values(shared.value[0]) if shared is not None and shared.VR == "SQ" and shared.value else {}
        return together, [_group_values(group) for group in groups.value]
    except Exception as error:  # elements are parsed as they are looked at
        raise Refusal("damaged-header", f"has frames that cannot be parsed ({type(error).__name__})") from error


def _dataset(member: Member, where: str) -> Dataset:
    try:
        data = member.read()
    except DAMAGED as error:
        raise_if_machine(error)
        raise Refusal("damaged-member", f"cannot be read ({error})") from error
    at = data.find(b"\x00\x52\x30\x92")  # the first of what describes each frame
    if at >= 0 and data.find(b"\xe0\x7f\x10\x00", at) > at + LONGEST_GROUPS:
        raise Refusal("long-header", f"{where} and more than {LONGEST_GROUPS} bytes that describe them")
    try:
        return dcmread(io.BytesIO(data), stop_before_pixels=True, force=True)
    except Exception as error:  # a parser in front of hostile bytes may raise anything, also RecursionError
        raise Refusal("damaged-header", f"has a header that cannot be parsed ({type(error).__name__})") from error


def _group_values(group: Dataset) -> dict[int, bytes]:
    """Return the raw values of a functional group as classic images store them."""
    found = dict(_flat(group, DEEPEST))
    offset = found.get(FrameTag.FRAME_OFFSET)
    if offset:
        found.setdefault(Tag.TRIGGER, str(1000.0 * float(offset)).encode())
    time = found.get(FrameTag.FRAME_TIME, b"")
    if time:
        found |= {Tag.ACQUISITION_DATE: time[:8], Tag.ACQUISITION_TIME: time[8:]}
    return found | {classic: found[name] for name, classic in CALLED.items() if name in found}


def _flat(group: Dataset, depth: int) -> Iterator[tuple[int, bytes]]:
    """Yield the elements that are asked for, wherever in the first items of nested sequences they stand."""
    for tag in list(map(int, group.keys())):
        if tag in ASKED:
            yield tag, _raw(group[tag].value)
        elif depth and group[tag].VR == "SQ" and group[tag].value:
            yield from _flat(group[tag].value[0], depth - 1)


def _raw(value: object) -> bytes:
    """Return a value as classic images store it: numbers as text, several values parted by backslashes."""
    many = value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]
    return "\\".join("" if one is None else str(one) for one in many).encode("latin-1", "replace")  # type: ignore[attr-defined]


def _frame(member: Member, values: Elements, said: dict[int, bytes], index: int, count: int) -> Header:
    """Return the header of one frame."""
    own = dict(values.values) if count == 1 else {tag: raw for tag, raw in values.values.items() if tag not in OWN}
    header = to_header(member, values._replace(values=own | said))
    return header._replace(instance=f"{header.instance}#{index}", number=index + 1, frame=index, frames=count)
