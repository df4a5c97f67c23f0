"""Checkpoints: what they hold, read without running anything that is in them."""

import pickle
import pickletools
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from cmr_ssl.release.structures import walk
from cmr_ssl.release.suspects import Suspect, suspects

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


def checkpoint(stream: BinaryIO) -> Iterator[Suspect]:
    """Yield what a checkpoint gives away, given its file as a zip."""
    import torch

    try:
        content = torch.load(stream, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError):
        yield from _unreadable(stream)
    else:
        yield from walk(content)


def pickled(code: bytes, where: str) -> Iterator[Suspect]:
    """Yield the texts of a pickle that give something away; the pickle is taken apart, never run."""
    yield Suspect(where, UNSAFE)
    try:
        for _, argument, _ in pickletools.genops(code):
            if isinstance(argument, str):
                yield from suspects(argument, where)
    except ValueError as error:
        yield Suspect(where, f"a pickle that cannot be taken apart ({error})")


def _unreadable(stream: BinaryIO) -> Iterator[Suspect]:
    stream.seek(0)
    with zipfile.ZipFile(stream) as container:
        for name in container.namelist():
            if name.rpartition("/")[2] == PICKLE:
                yield from pickled(container.read(name), name)
