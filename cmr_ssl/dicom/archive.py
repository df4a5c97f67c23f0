"""Untrusted archives and folders: members are read in memory, within limits, and never unpacked."""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from cmr_ssl.dicom.file_issues import FileIssues
from cmr_ssl.dicom.isal_zip import read_member
from cmr_ssl.machine import raise_if_machine

DAMAGED = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)
OTHER_STARTS = (b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")  # gzip, 7z, rar, bzip2, xz
COPY = "put a copy of the file in its place"
ANY_RATIO_BYTES = 64 * 2**20  # allowed at any ratio, for blank images
DIRECTORY_ENTRY = 512  # bytes of one member in a zip's directory, generously
END, END_BYTES, LONGEST_COMMENT = b"PK\x05\x06", 22, 2**16


@dataclass(frozen=True)
class Limits:
    """The largest archive that is read; a whole hospital study of cines stays far below."""

    members: int = 20_000  # files in it
    member_bytes: int = 256 * 2**20  # of one file, inflated
    total_bytes: int = 8 * 2**30  # of all files, inflated
    ratio: float = 250.0  # of inflated to stored bytes, beyond 64 MiB
    pixel_bytes: int = 256 * 2**20  # of all images of one subject that are kept
    seconds: float = 900.0  # to read all headers of one archive; a thousand images take one


class Member(NamedTuple):
    """One file: its name as stored, its inflated size in bytes, how to open it and how to read it all at once.

    Both raise one of `DAMAGED`.
    """

    name: str
    size: int
    open: Callable[[], IO[bytes]]
    read: Callable[[], bytes]


@contextmanager
def open_archive(path: Path, limits: Limits, issues: FileIssues) -> Iterator[list[Member]]:
    """Open a zip or a folder and yield the files that may be read; others are counted as issues.

    Raises:
        ValueError: if it is neither, damaged, or larger than the limits; one sentence with its name.
    """
    if path.is_dir():
        yield folder_members(path, limits, issues)
        return
    if path.is_symlink() and not path.exists():
        raise ValueError(f"{path.name} is a link to {path.readlink()}, where nothing is: put the archive in its place")
    try:
        _check_directory(path, limits)
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, NotImplementedError, struct.error, UnicodeDecodeError) as error:
        raise_if_machine(error)
        raise ValueError(f"{path.name} is no whole zip ({error}): fetch it again") from error
    with archive:
        yield zip_members(archive, path, limits, issues)


def zip_members(archive: zipfile.ZipFile, path: Path, limits: Limits, issues: FileIssues) -> list[Member]:
    """Return the members that may be read.

    Raises:
        ValueError: if there are too many, or they would inflate to too much.
    """
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > limits.members:
        raise ValueError(f"{path.name} holds {len(infos)} files, too many for one study")
    inflated = sum(info.file_size for info in infos)
    allowed = min(limits.total_bytes, max(ANY_RATIO_BYTES, limits.ratio * path.stat().st_size))
    if inflated > allowed:
        raise ValueError(f"{path.name} would inflate to {_mb(inflated)}, more than the {_mb(allowed)} it may")
    members: list[Member] = []
    for info in infos:
        if (refusal := _refusal(info, limits)) is not None:
            code, reason = refusal
            issues.add(code, info.filename, f"{reason} and was not opened")
        else:
            open_and_read = partial(archive.open, info), partial(read_member, archive, info)
            members.append(Member(info.filename, info.file_size, *open_and_read))
    return members


def folder_members(folder: Path, limits: Limits, issues: FileIssues) -> list[Member]:
    """Return the files of a folder and its sub-folders that may be read; links are not followed.

    Raises:
        ValueError: if there are too many.
    """
    members: list[Member] = []
    for file in _files(folder):
        status = file.lstat()
        if not stat.S_ISREG(status.st_mode):
            issues.add("link", file.name, f"is a link or no plain file and was not opened: {COPY}")
        elif status.st_size > limits.member_bytes:
            issues.add("too-large", file.name, f"has {_mb(status.st_size)}, too much for an image")
        else:
            name = str(file.relative_to(folder))
            members.append(Member(name, status.st_size, partial(_open_file, file), file.read_bytes))
        if len(members) > limits.members:
            raise ValueError(f"{folder.name} holds more than {limits.members} files, too many for one study")
    return members


def _open_file(file: Path) -> IO[bytes]:
    return file.open("rb")


def _refusal(info: zipfile.ZipInfo, limits: Limits) -> tuple[str, str] | None:
    """Return the code and the reason why a member may not be read, None if it may."""
    if _unsafe(info.filename):
        return "unsafe-name", "names a place outside its archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "link", "is a link (pack the file itself)"
    if info.flag_bits & 1:
        return "encrypted", "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "compression", f"is compressed by method {info.compress_type}, which no such archive uses"
    if info.file_size > limits.member_bytes:
        return "too-large", f"has {_mb(info.file_size)}, too much for an image"
    return None


def _unsafe(name: str) -> bool:
    path = name.replace("\\", "/")
    return path.startswith("/") or ".." in path.split("/") or "\0" in name or name[1:2] == ":"


def _check_directory(path: Path, limits: Limits) -> None:
    """Refuse a zip whose directory alone would fill the memory, before anything parses it."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        if stream.read(6).startswith(OTHER_STARTS):
            raise ValueError(f"{path.name} is packed in another way than zip: unpack it into a folder of its name")
        stream.seek(max(0, size - END_BYTES - LONGEST_COMMENT))
        tail = stream.read()
    end = len(tail) - END_BYTES if tail[-END_BYTES:][:4] == END else tail.rfind(END)
    if end < 0 or len(tail) < end + END_BYTES:
        raise zipfile.BadZipFile("its end is missing")
    (directory,) = struct.unpack_from("<I", tail, end + 12)
    if directory > limits.members * DIRECTORY_ENTRY:
        raise ValueError(f"{path.name} has a directory of {_mb(directory)}, too large for one study")


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, onerror=raise_walk_error):
        folders.sort()
        yield from (Path(parent) / name for name in sorted(names))
        yield from (Path(parent) / name for name in folders if (Path(parent) / name).is_symlink())


def raise_walk_error(error: OSError) -> None:
    """Raise an error that `os.walk` would ignore, hiding the files of a folder."""
    raise error


def _mb(size: float) -> str:
    return f"{size / 2**20:.0f} MiB"
