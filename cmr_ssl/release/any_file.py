"""Leaks in files of any format, recognised by content, not by name; packed files are opened."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import IO, BinaryIO, NamedTuple

import numpy as np

from cmr_ssl.release.checkpoint_contents import (
    PROTOCOLS,
    checkpoint,
    is_checkpoint,
    is_program_graph,
    is_torch_member,
    pickled,
)
from cmr_ssl.release.embedded_text import dicom, nifti, picture
from cmr_ssl.release.nested_values import leaks_in_numbers, leaks_in_value
from cmr_ssl.release.pii import Leak, leaks_in_text, sure_leaks_in_text
from cmr_ssl.release.subject_tables import delimited, parquet

HEAD = 512
LARGEST = 2**28  # unpacked bytes of one part; a packed file larger than that is refused
DEEPEST = 3  # packed files in packed files
DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
PICTURES = (b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"\xff\xd8\xff")
PRINTABLE = re.compile(rb"[\x20-\x7e]{7,}")
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # in no text of one byte a character
TOO_LARGE = f"more than {LARGEST // 2**20} MB when unpacked, too much to check"


class Content(NamedTuple):
    """A file or a part of one: its name, a stream that can be read again, and how many files it is packed in."""

    name: str
    stream: BinaryIO
    depth: int = 0


def leaks_in_file(content: Content) -> Iterator[Leak]:
    """Yield the leaks of a file, whose first bytes tell its format."""
    yield from leaks_in_text(content.name, "the name")
    stream = content.stream
    stream.seek(0)
    head = stream.read(HEAD)
    stream.seek(0)
    yield from _leaks(content, head)


def _leaks(content: Content, head: bytes) -> Iterator[Leak]:
    stream = content.stream
    if head.startswith(b"PK\x03\x04"):
        yield from _zip(content)
    elif head.startswith(b"\x1f\x8b"):
        yield from _gzip(content)
    elif head.startswith(b"PAR1"):
        yield from parquet(stream)
    elif head.startswith(PICTURES):
        yield from picture(stream)
    elif head[344:347] in (b"n+1", b"ni1") or head[4:7] in (b"n+2", b"ni2"):
        yield from nifti(stream)
    elif head[128:132] == b"DICM":
        yield from dicom(stream)
    else:
        yield from _leaks_without_signature(content, head)


def _leaks_without_signature(content: Content, head: bytes) -> Iterator[Leak]:
    stream = content.stream
    if content.name.endswith(".safetensors"):
        yield from _tensors(stream)
    elif head[:1] == b"\x80" and head[1:2] and head[1] in PROTOCOLS:
        yield from pickled(stream.read(LARGEST), "the pickle")
    elif CONTROL.search(head):
        yield from _binary(stream)
    else:
        yield from _text(content)


def _text(content: Content) -> Iterator[Leak]:
    """Read a table by columns, and any other text by lines."""
    delimiter = DELIMITERS.get("." + content.name.lower().rpartition(".")[2])
    if delimiter is not None:
        try:
            yield from delimited(content.stream, delimiter)
        except ValueError:  # a table by its name only
            content.stream.seek(0)
        else:
            return
    for number, line in enumerate(content.stream, start=1):
        yield from leaks_in_text(line.decode("utf-8", errors="replace"), f"line {number}")


def _binary(stream: IO[bytes]) -> Iterator[Leak]:
    """Read the texts between other bytes."""
    while block := stream.read(2**22):
        block += stream.readline(2**12)  # a text is not cut in two
        for text in PRINTABLE.findall(block):
            yield from sure_leaks_in_text(text.decode(), "a text between other bytes")


def _tensors(stream: BinaryIO) -> Iterator[Leak]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = stream.read()
    try:
        tensors = load(data)
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    yield from leaks_in_value(header.get("__metadata__", {}), "metadata")
    for name, tensor in tensors.items():
        yield from leaks_in_text(name, "the name of a tensor")
        yield from leaks_in_numbers(tensor, name)


def _zip(content: Content) -> Iterator[Leak]:
    with zipfile.ZipFile(content.stream) as container:
        by_torch = is_checkpoint(container)
        for entry in container.infolist():
            if entry.is_dir() or (by_torch and is_torch_member(entry.filename)):
                continue
            with container.open(entry) as stream:
                if is_program_graph(entry.filename, container):
                    yield from _binary(stream)
                else:
                    yield from _unpacked(entry.filename, stream.read(LARGEST + 1), content.depth)
    if by_torch:
        content.stream.seek(0)
        yield from checkpoint(content.stream)


def _gzip(content: Content) -> Iterator[Leak]:
    with gzip.GzipFile(fileobj=content.stream) as stream:
        head = stream.read(HEAD)
        if head[344:347] == b"n+1":  # pixels need not be unpacked
            start = int(np.frombuffer(head[108:112], "<f4")[0])
            yield from nifti(io.BytesIO(head + stream.read(min(max(start, HEAD), LARGEST) - HEAD)))
            return
        yield from _unpacked(content.name.removesuffix(".gz"), head + stream.read(LARGEST + 1 - HEAD), content.depth)


def _unpacked(name: str, data: bytes, depth: int) -> Iterator[Leak]:
    """Yield the leaks in one part of a packed file."""
    if len(data) > LARGEST or depth >= DEEPEST:
        yield Leak(name, TOO_LARGE if len(data) > LARGEST else "packed too often to check")
        return
    for where, what in leaks_in_file(Content(name, io.BytesIO(data), depth + 1)):
        yield Leak(f"{name}, {where}", what)
