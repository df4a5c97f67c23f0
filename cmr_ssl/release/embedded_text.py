"""Leaks in text beside the pixels of pictures, NIfTI and DICOM files."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from cmr_ssl.release.pii import Leak, leaks_in_text


def picture(stream: BinaryIO) -> Iterator[Leak]:
    """Yield the leaks in the text chunks and EXIF of a PNG, GIF or JPEG."""
    from PIL import Image

    with Image.open(stream) as image:
        image.load()  # remarks may come after the pixels
        entries = [*image.info.items(), *((f"EXIF {tag}", value) for tag, value in image.getexif().items())]
    for name, value in entries:
        yield from leaks_in_text(f"{name}: {_text(value)}", f"the picture's remark {str(name)!r}")


def nifti(stream: BinaryIO) -> Iterator[Leak]:
    """Yield the leaks in a NIfTI header and its extensions."""
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    size = int.from_bytes(stream.read(4), "little")
    stream.seek(0)
    header = (Nifti2Header if size in (540, 469893120) else Nifti1Header).from_fileobj(stream, check=False)
    for name in header:
        value = header[name]
        if value.dtype.kind == "S":
            yield from leaks_in_text(str(np.char.decode(value, "latin-1")), f"the header's {name}")
    for number, extension in enumerate(header.extensions, start=1):
        yield from leaks_in_text(_text(extension.get_content()), f"header extension {number}")


def dicom(stream: BinaryIO) -> Iterator[Leak]:
    """Yield the leaks in a DICOM header."""
    import pydicom

    header = pydicom.dcmread(stream, stop_before_pixels=True, force=True)
    for element in header.iterall():
        if element.VR not in ("OB", "OW", "OF", "OD", "SQ", "UI", "UN"):
            yield from leaks_in_text(str(element.value), f"the element {element.keyword or element.tag}")


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
