"""Leaks in checkpoints, which are read without running any code in them."""

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
TORCH_MEMBERS = ("version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id")


def is_checkpoint(container: zipfile.ZipFile) -> bool:
    """Tell whether a zip file is one that PyTorch wrote."""
    return any(name.rpartition("/")[2] == PICKLE for name in container.namelist())


def is_torch_member(name: str) -> bool:
    """Tell whether a member of a checkpoint is one of PyTorch's own, which `checkpoint` reads."""
    _, _, inner = name.partition("/")
    return inner in (PICKLE, *TORCH_MEMBERS) or inner.startswith("data/")


def is_program_graph(name: str, container: zipfile.ZipFile) -> bool:
    """Tell whether a member is the graph of a program of torch.export; sizes in it may have seven digits."""
    root, _, inner = name.partition("/")
    return inner == "models/model.json" and f"{root}/archive_format" in container.namelist()


def checkpoint(stream: BinaryIO) -> Iterator[Leak]:
    """Yield the leaks of a checkpoint, given its file as a zip."""
    import torch

    try:
        content = torch.load(stream, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError):
        stream.seek(0)
        with zipfile.ZipFile(stream) as container:
            for name in container.namelist():
                if name.rpartition("/")[2] == PICKLE:
                    yield from pickled(container.read(name), name)
    else:
        yield from leaks_in_value(content)


def pickled(code: bytes, where: str) -> Iterator[Leak]:
    """Yield the leaks in the texts of a pickle, which is disassembled and never run."""
    yield Leak(where, UNSAFE)
    try:
        for _, argument, _ in pickletools.genops(code):
            if isinstance(argument, str):
                yield from leaks_in_text(argument, where)
    except ValueError as error:
        yield Leak(where, f"a pickle that cannot be taken apart ({error})")
