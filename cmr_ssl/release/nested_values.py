"""Leaks in nested Python values: those of a checkpoint, a YAML file or a JSON file."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.release.pii import PARTICIPANT, Leak, is_id, leaks_in_text

ID_NAMES = {"eid", "eids", "id", "ids", "subject", "subjects", "participant", "participants", "patient", "patients"}
ALL_IDS = "whole numbers that all look like 7-digit participant ids"
FEWEST = 3  # entries of a list of subjects
FIRST_ID, LAST_ID = 1_000_000, 7_000_000


@runtime_checkable
class HasArray(Protocol):
    """A tensor, without importing torch."""

    dtype: Any

    def numpy(self) -> NDArray[np.generic]:
        """Return its values."""


def leaks_in_value(value: object, where: str = "") -> Iterator[Leak]:
    """Yield the leaks in a value and its parts; `where` is the path to it.

    Besides leaks in texts these are whole numbers that are participant ids, lists of subjects whatever their ids look
    like, and tables with a column of subjects.
    """
    if isinstance(value, str):
        yield from leaks_in_text(value, where)
    elif isinstance(value, Mapping):
        yield from _table_of_columns(value, where)
        yield from _siblings([*value], f"the keys of {where}" if where else "the outermost keys", named=False)
        for key, part in value.items():
            yield from _entry(str(key), part, _below(where, key))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from _siblings([*value], where, named=where.rpartition(".")[2].lower() in ID_NAMES)
        for index, part in enumerate(value):
            yield from leaks_in_value(part, f"{where}[{index}]")
    elif isinstance(value, HasArray) and not value.dtype.is_floating_point:
        yield from leaks_in_numbers(value.numpy(), where)


def leaks_in_numbers(array: NDArray[np.generic], where: str) -> Iterator[Leak]:
    """Yield a leak if an array holds several whole numbers, all of them like participant ids."""
    if array.dtype.kind in "iu" and array.size >= FEWEST and array.min() >= FIRST_ID and array.max() < LAST_ID:
        yield Leak(where, ALL_IDS)


def _entry(key: str, value: object, where: str) -> Iterator[Leak]:
    """Yield the leaks in one entry of a mapping; its key tells what a number is."""
    yield from leaks_in_text(key, where)
    if isinstance(value, int) and key.lower() in ID_NAMES and is_id(str(value)):
        yield Leak(where, PARTICIPANT)
    yield from leaks_in_value(value, where)


def _siblings(values: list[object], where: str, named: bool) -> Iterator[Leak]:
    """Yield the leaks in values side by side; `named` if their name says that they are subjects."""
    if len(values) < FEWEST:
        return
    if all(isinstance(value, int) and is_id(str(value)) for value in values) and len({*values}) == len(values):
        yield Leak(where, ALL_IDS)
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
