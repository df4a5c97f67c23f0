"""Checkpoints: what they hold, read without running anything that is in them."""

import pickle
import pickletools
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from cmr_ssl.release.nested_values import leaks_in_value
from cmr_ssl.release.pii import Leak, leaks_in_text

PICKLE = "data.pkl"
UNSAFE = "objects that only loading code can read, so that nobody can check them: save plain values and tensors"
PROTOCOLS = range(2, 6)


def is_checkpoint(container: zipfile.ZipFile) -> bool:
    """Tell whether a zip file is one that PyTorch wrote."""
    return any(name.rpartition("/")[2] == PICKLE for name in container.namelist())


def own(name: str) -> bool:
    """Tell whether a member of a checkpoint is one of PyTorch's, which `checkpoint` looks at."""
    _, _, inner = name.partition("/")
    records = (PICKLE, "version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id")
    return inner in records or inner.startswith("data/")


def checkpoint(stream: BinaryIO) -> Iterator[Leak]:
    """Yield what a checkpoint gives away, given its file as a zip."""
    import torch

    try:
        content = torch.load(stream, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError):
        yield from _unreadable(stream)
    else:
        yield from leaks_in_value(content)


def pickled(code: bytes, where: str) -> Iterator[Leak]:
    """Yield the texts of a pickle that give something away; the pickle is taken apart, never run."""
    yield Leak(where, UNSAFE)
    try:
        for _, argument, _ in pickletools.genops(code):
            if isinstance(argument, str):
                yield from leaks_in_text(argument, where)
    except ValueError as error:
        yield Leak(where, f"a pickle that cannot be taken apart ({error})")


def _unreadable(stream: BinaryIO) -> Iterator[Leak]:
    stream.seek(0)
    with zipfile.ZipFile(stream) as container:
        for name in container.namelist():
            if name.rpartition("/")[2] == PICKLE:
                yield from pickled(container.read(name), name)
