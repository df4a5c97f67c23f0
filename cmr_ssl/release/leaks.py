"""What files would give away: participants, paths, tables of subjects."""

import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from zipfile import BadZipFile

import pyarrow as pa

from cmr_ssl.release.any_file import Content, leaks_in_file
from cmr_ssl.release.pii import Leak

MOST = 10_000  # leaks of one file; beyond them nobody needs more
SHOWN = 3  # places of one kind of leak


def describe_leaks(path: Path) -> list[str]:
    """Return one sentence for each kind of leak in a file."""
    kinds: dict[str, list[str]] = {}
    for where, what in _some(_look(path)):
        kinds.setdefault(what, []).append(where)
    return [f"{path}: {_places(places)} holds {what}" for what, places in kinds.items()]


def _look(path: Path) -> Iterator[Leak]:
    try:
        with path.open("rb") as stream:
            yield from leaks_in_file(Content(path.name, stream))
    except (OSError, EOFError, ValueError, SyntaxError, BadZipFile, zlib.error, pa.ArrowException) as error:
        yield Leak("the file", f"something that cannot be read, so that nobody can check it ({error})")


def files_below(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files, and every file of folders.

    Raises:
        FileNotFoundError: if one is not there.
    """
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is no file {path} to check: check its name")
        yield from sorted(inner for inner in path.rglob("*") if inner.is_file()) if path.is_dir() else [path]


def _some(leaks: Iterator[Leak]) -> Iterator[Leak]:
    yield from (leak for leak, _ in zip(leaks, range(MOST), strict=False))


def _places(places: list[str]) -> str:
    shown = list(dict.fromkeys(places))
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return ", ".join(shown[:SHOWN]) + more
