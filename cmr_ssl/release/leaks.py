"""Release check of files: participant ids, paths and tables of subjects."""

import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from zipfile import BadZipFile

import pyarrow as pa

from cmr_ssl.release.any_file import Content, leaks_in_file
from cmr_ssl.release.pii import Leak

MOST = 10_000  # leaks of one file that are counted
SHOWN = 3  # places of one kind of leak


def describe_leaks(path: Path) -> list[str]:
    """Return one sentence for each kind of leak in a file."""
    places: dict[str, dict[str, None]] = {}
    for where, what in islice(_leaks(path), MOST):
        places.setdefault(what, {})[where] = None
    return [f"{path}: {_first_places([*where])} holds {what}" for what, where in places.items()]


def _leaks(path: Path) -> Iterator[Leak]:
    try:
        with path.open("rb") as stream:
            yield from leaks_in_file(Content(path.name, stream))
    except (OSError, EOFError, ValueError, SyntaxError, BadZipFile, zlib.error, pa.ArrowException) as error:
        yield Leak("the file", f"something that cannot be read, so that nobody can check it ({error})")


def _first_places(places: list[str]) -> str:
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return ", ".join(places[:SHOWN]) + more


def files_below(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files, and every file of folders.

    Raises:
        FileNotFoundError: if one does not exist.
    """
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is no file {path} to check: check its name")
        yield from sorted(inner for inner in path.rglob("*") if inner.is_file()) if path.is_dir() else [path]
