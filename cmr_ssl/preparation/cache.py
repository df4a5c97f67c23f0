"""The prepared cache: one safetensors file a subject, memory-mapped, unable to carry code.

Tensors of a file (P planes, T frames, H rows, W columns, L labelled plane-frames):

========= ============== ===== =======================================================================
images    (P, T, H, W)   uint8 intensities, 0..255 after a robust window
affine    (P, 4, 4)      f32   pixel (column, row, 0, 1) to mm in the heart frame
view      (P,)           uint8 index into ``planes.VIEWS``
slice     (P,)           int16 position in the source series
acquired  (P, T)         uint8 1 where the frame was acquired (studies with ED and ES only may lack one)
to_heart  (4, 4)         f64   scanner mm (RAS+) to heart frame mm
labelled  (L, 2)         int16 (plane, frame) of each label map
labels    (L, H, W)      uint8 classes of ``anatomy``, 255 where unlabelled
annotated (P, 6)         uint8 1 for the classes that are annotated on this plane
========= ============== ===== =======================================================================

A cache folder holds ``settings.json`` (what it was prepared with), ``records.jsonl`` (one line a finished subject: the
journal a restart continues from), ``cohort.parquet`` (the table, see `cohort`), and ``subjects/``.
"""

import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from cmr_ssl.files import save
from cmr_ssl.machine import MachineFault, fault_of, in_words, of_machine

FORMAT = "cmr_ssl planes 2"
SETTINGS = "settings.json"
COHORT = "cohort.parquet"
SUBJECTS = "subjects"


class PreparedSubject(NamedTuple):
    """The tensors of one cache file; shapes and meaning stand in the module's table."""

    images: NDArray[np.uint8]
    affine: NDArray[np.float32]
    view: NDArray[np.uint8]
    slice: NDArray[np.int16]
    acquired: NDArray[np.uint8]
    to_heart: NDArray[np.float64]
    labelled: NDArray[np.int16]
    labels: NDArray[np.uint8]
    annotated: NDArray[np.uint8]


def subject_file(cache: Path, subject: str) -> Path:
    """Return the file of `subject` in `cache`; any name becomes a safe file name."""
    return cache / SUBJECTS / f"{quote(subject, safe=' ')}.safetensors"


def raise_unless_damaged(error: BaseException, path: Path) -> None:
    """Raise MachineFault if the machine, not the file, failed; safetensors reports many errors as a missing file."""
    fault = fault_of(error)
    try:
        with path.open("rb") as stream:
            stream.read(1)
    except OSError as second:
        fault = fault or (in_words(second, path) if of_machine(second) else None)
    if fault:
        raise MachineFault(fault) from error


class PlaneReader:
    """Read the images of some planes of a prepared file directly into arrays; use it as a context.

    A mapped file would be read page by page, which takes longer than copying. The file begins with the length of its
    header and the header with the offset of each tensor after it (https://huggingface.co/docs/safetensors).
    """

    def __init__(self, path: Path) -> None:
        """Open the file."""
        self.path, self.stream = path, path.open("rb", buffering=0)

    @property
    def opened(self) -> Path:
        """A path at which the open file can be opened again, even if its own path was replaced."""
        return Path(f"/dev/fd/{self.stream.fileno()}")

    @property
    def replaced(self) -> bool:
        """Whether another file lies at the path by now."""
        own, there = os.fstat(self.stream.fileno()), self.path.stat()
        return (own.st_dev, own.st_ino) != (there.st_dev, there.st_ino)

    @cached_property
    def first(self) -> int:
        """First byte of the images; raises EOFError if the header is incomplete."""
        length = int.from_bytes(self.part(8, 0), "little")
        return 8 + length + int(json.loads(self.part(length, 8))["images"]["data_offsets"][0])

    def part(self, count: int, offset: int) -> bytearray:
        """Return `count` bytes from byte `offset` on; raise EOFError if the file ends before."""
        if offset + count > os.fstat(self.stream.fileno()).st_size:
            raise EOFError(f"{self.path} ends within its header")
        content = bytearray(count)
        self.read(memoryview(content), offset)
        return content

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.stream.close()

    def __call__(self, plane: int, out: NDArray[np.uint8]) -> None:
        """Read Q planes, from `plane` on, into `out`, (Q, T, H, W) uint8, contiguous; raise EOFError as `read`."""
        self.read(out.data.cast("B"), self.first + plane * out[0].nbytes)

    def read(self, buffer: memoryview, offset: int) -> None:
        """Fill `buffer` from byte `offset` on; raise EOFError if the file ends before.

        A failing disk may return a part of the bytes first, and its error for the rest.
        """
        while len(buffer):
            count = os.preadv(self.stream.fileno(), [buffer], offset)
            if not count:
                raise EOFError(f"{self.path} ends at byte {offset}")
            buffer, offset = buffer[count:], offset + count


def write_subject(cache: Path, subject: str, prepared: PreparedSubject, settings_digest: str) -> Path:
    """Write one subject atomically and return its path."""
    path = subject_file(cache, subject)
    tensors = {name: np.ascontiguousarray(array) for name, array in prepared._asdict().items()}
    payload = safetensors.save(tensors, metadata={"format": FORMAT, "settings": settings_digest, "subject": subject})
    save(path, payload)
    return path


def read_prepared(cache: Path, subject: str) -> PreparedSubject:
    """Read a subject of a cache; raise ValueError if its file is missing or damaged, or MachineFault."""
    path = subject_file(cache, subject)
    try:
        return PreparedSubject(**safetensors.load_file(path))
    except (OSError, SafetensorError, TypeError) as error:
        raise_unless_damaged(error, path)
        raise ValueError(f"{path} cannot be read ({error}): delete it and run `prepare` again") from error


def read_settings(cache: Path) -> dict[str, object]:
    """Return the settings a cache was prepared with; raise FileNotFoundError if the folder is not a cache."""
    path = cache / SETTINGS
    if not path.is_file():
        raise FileNotFoundError(
            f"{cache} is no prepared cache (it has no {SETTINGS}): make one with "
            f"`python -m cmr_ssl prepare --source NIFTI_DIR --out {cache}`"
        )
    settings: dict[str, object] = json.loads(path.read_text())
    return settings


def settings_of(cache: Path) -> str:
    """Return the digest of the current settings of a cache, empty where the folder is no complete cache."""
    try:
        return str(json.loads((cache / SETTINGS).read_text())["digest"])
    except (FileNotFoundError, ValueError, KeyError):
        return ""


def read_preparation(cache: Path) -> dict[str, Any]:
    """Return the `Preparation` of a cache as a dictionary; see `read_settings`."""
    preparation: Any = read_settings(cache)["preparation"]
    return dict(preparation)


def read_method(cache: Path) -> int:
    """Return the version of the way of preparing of a cache, see `preparation.METHOD`; 0 where the cache is older."""
    return int(str(read_settings(cache).get("method", 0)))


def check_prepared(cache: Path, expected: Mapping[str, object]) -> None:
    """Raise ValueError unless a cache was prepared with the `expected` settings, those of a checkpoint's data."""
    preparation = read_preparation(cache)
    differ = [key for key, value in expected.items() if preparation.get(key) != value]
    if differ:
        settings = " ".join(f"--preparation.{key} {expected[key]}" for key in differ)
        raise ValueError(
            f"{cache} was prepared with another {', '.join(differ)} than the checkpoint's data: prepare with {settings}"
        )
