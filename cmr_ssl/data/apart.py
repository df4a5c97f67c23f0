"""What is written must not lie among what is read, where the next run would take it for data."""

from collections.abc import Collection
from pathlib import Path


def check_apart(source: Path, out: Path, writes: Collection[str]) -> None:
    """Refuse to write among what is read.

    Args:
        source: folder that is read.
        out: folder that is written.
        writes: names of the folders that are made in `out`.

    Raises:
        ValueError: if `out` lies in `source`, or one of the folders that it will hold does.
    """
    there, here = source.resolve(), out.resolve()
    if here.is_relative_to(there):
        raise ValueError(f"{out} lies in the folder that is read: choose one outside of {source}")
    if there.is_relative_to(here) and there.relative_to(here).parts[0] in writes:
        raise ValueError(f"{out} would write among the files of {source}: choose another folder")
