"""Write files atomically, never among the input; digests of files and settings; paths of checkpoints."""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import BinaryIO

PARQUET = (".parquet", ".pq")  # suffixes of parquet files
HALF_WRITTEN = ".writing-"  # prefix of the names of incomplete files
EXPORTED = "model.safetensors"  # weights of an exported model
BEST, LAST, CHECKPOINTS = "best.ckpt", "last.ckpt", "checkpoints"


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it, so that an incomplete file is never visible."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{HALF_WRITTEN}{os.getpid()}-{path.name}")
    try:
        with temporary.open("wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException as error:
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            error.filename = str(path)  # the error of a full disk has none
        temporary.unlink(missing_ok=True)
        raise


def check_parquet(out: Path) -> None:
    """Refuse a path that cannot be that of a parquet file before anything is computed; readers go by the name.

    Raises:
        FileExistsError: if it is a folder.
        ValueError: if it does not end in .parquet.
    """
    if out.is_dir():
        raise FileExistsError(f"{out} is a folder: name the parquet file to write")
    if out.suffix.lower() not in PARQUET:
        raise ValueError(f"{out} is to be a parquet file: end its name with {PARQUET[0]}")


def save(path: Path, data: bytes) -> None:
    """Write `data`, atomically."""
    write_atomically(path, lambda stream: stream.write(data))


def save_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically; invalid characters, as in names of files, are escaped."""
    save(path, text.encode(errors="backslashreplace"))


def remove_halves(folder: Path) -> None:
    """Remove incomplete files of killed runs from a folder that no other process writes to now."""
    for half in folder.glob(f"{HALF_WRITTEN}*"):
        half.unlink()


def check_apart(source: Path, out: Path, writes: Collection[str]) -> None:
    """Refuse to write into the input, where the next run would take it for data.

    Args:
        source: folder that is read.
        out: folder that is written.
        writes: names of the folders that are made in `out`.

    Raises:
        ValueError: if `out` lies in `source`, or one of the folders that it will hold does.
    """
    read, written = source.resolve(), out.resolve()
    if written.is_relative_to(read):
        raise ValueError(f"{out} lies in the folder that is read: choose one outside of {source}")
    if read.is_relative_to(written) and read.relative_to(written).parts[0] in writes:
        raise ValueError(f"{out} would write among the files of {source}: choose another folder")


def stamp(files: Iterable[tuple[object, os.stat_result]]) -> str:
    """Return 16 hexadecimal digits that are the same for files of the same names, sizes and times."""
    lines = [f"{name} {status.st_size} {status.st_mtime_ns}" for name, status in files]
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()[:16]


def digest(settings: dict[str, object]) -> str:
    """Return 16 hexadecimal digits that are the same for the same settings, in any order."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def checkpoint_at(path: Path) -> Path:
    """Return the checkpoint at a path: the file itself, the best one of a run, else the last one, or exported weights.

    Raises:
        FileNotFoundError: if there is none, or several without best or last.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise FileNotFoundError(f"no checkpoint at {path}: a run keeps them in RUN_FOLDER/checkpoints")
    if (path / EXPORTED).is_file():
        return path / EXPORTED
    folders = [folder for folder in (path / CHECKPOINTS, path) if folder.is_dir()]
    for name in (BEST, LAST):
        for folder in folders:
            if (folder / name).is_file():
                return folder / name
    files = sorted(file for folder in folders for file in folder.glob("*.ckpt"))
    if len(files) != 1:
        raise FileNotFoundError(
            f"{path} holds {len(files)} checkpoints, none called {BEST} or {LAST}: name the folder of a run, or a file"
        )
    return files[0]
