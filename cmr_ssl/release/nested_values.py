"""What nested Python values give away: those of a checkpoint, a YAML file or a JSON file."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.release.pii import PARTICIPANT, Leak, is_id, leaks_in_text

ID_NAMES = {"eid", "eids", "id", "ids", "subject", "subjects", "participant", "participants", "patient", "patients"}
FEWEST = 3  # a list of so many subjects is a list of subjects
FIRST_ID, LAST_ID = 1_000_000, 7_000_000


@runtime_checkable
class HasArray(Protocol):
    """A tensor, without importing torch."""

    dtype: Any

    def numpy(self) -> NDArray[np.generic]:
        """Return its values."""


def leaks_in_value(value: object, where: str = "") -> Iterator[Leak]:
    """Yield what a value gives away, its parts included; `where` is the way to it.

    Besides what texts say, these must not leave: whole numbers that are participant ids, lists of subjects whatever
    their ids look like, and tables with a column of subjects.
    """
    if isinstance(value, str):
        yield from leaks_in_text(value, where)
    elif isinstance(value, Mapping):
        yield from _table_of_columns(value, where)
        yield from _several([*value], f"the keys of {where}" if where else "the outermost keys", named=False)
        for key, part in value.items():
            yield from _scalar(str(key), part, _below(where, key))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from _several([*value], where, named=_last(where) in ID_NAMES)
        for index, part in enumerate(value):
            yield from leaks_in_value(part, f"{where}[{index}]")
    elif isinstance(value, HasArray) and not value.dtype.is_floating_point:
        yield from leaks_in_numbers(value.numpy(), where)


def leaks_in_numbers(array: NDArray[np.generic], where: str) -> Iterator[Leak]:
    """Yield a leak if an array of whole numbers holds several, all of them like participant ids."""
    if array.dtype.kind in "iu" and array.size >= FEWEST and array.min() >= FIRST_ID and array.max() < LAST_ID:
        yield Leak(where, "whole numbers that all look like 7-digit participant ids")


def _scalar(key: str, value: object, where: str) -> Iterator[Leak]:
    """Look at one entry of a mapping, whose key tells what a number is."""
    yield from leaks_in_text(key, where)
    if isinstance(value, int) and key.lower() in ID_NAMES and is_id(str(value)):
        yield Leak(where, PARTICIPANT)
    yield from leaks_in_value(value, where)


def _several(values: list[object], where: str, named: bool) -> Iterator[Leak]:
    """Look at values that stand side by side; `named` where their name says that they are subjects."""
    if len(values) < FEWEST:
        return
    if all(isinstance(value, int) and is_id(str(value)) for value in values) and len({*values}) == len(values):
        yield Leak(where, "whole numbers that all look like 7-digit participant ids")
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) == len(values) and (named or all(text.isdecimal() and len(text) >= 6 for text in texts)):
        yield Leak(where, f"a list of {len(texts)} subjects")
    rows = [value for value in values if isinstance(value, Mapping) and ID_NAMES & {*map(str, value)}]
    if len(rows) == len(values):
        yield Leak(where, f"a table of {len(rows)} subjects")


def _table_of_columns(value: Mapping[Any, Any], where: str) -> Iterator[Leak]:
    columns = {str(key): part for key, part in value.items() if isinstance(part, list | tuple | Mapping)}
    for name in ID_NAMES & {*columns}:
        counts = [len(part) for part in columns.values()]
        if len(counts) > 1 and min(counts) == max(counts) >= FEWEST:
            yield Leak(_below(where, name), f"a table of {counts[0]} subjects")


def _below(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)


def _last(where: str) -> str:
    return where.rpartition(".")[2].lower()
