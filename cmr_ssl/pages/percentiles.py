"""Percentiles of a value among people of the same sex and about the same age."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cmr_ssl.cohort.cells import read_numbers
from cmr_ssl.cohort.columns import FIELDS, matching_columns
from cmr_ssl.cohort.identities import altered_ids, canonical_id
from cmr_ssl.cohort.phenotypes import find_columns, header_of, read_columns, texts_of
from cmr_ssl.cohort.relatives import visit_of

Array = NDArray[np.float64]

SEX, AGE, HEIGHT, WEIGHT, BSA = "Sex", "Age", "Height (cm)", "Weight (kg)", "BSA (m2)"
PERSONAL = (SEX, AGE, HEIGHT, WEIGHT, BSA, "BMI (kg/m2)", "Heart rate (bpm)")
PEERS = 120  # as CLSI's EP28-A3c asks for
FEWEST = 40  # peers
MAD_TO_SD = 1.4826  # of the normal distribution
SEXES = {0: "women", 1: "men"}


class Person(NamedTuple):
    """The scanned person; NaN where unknown."""

    sex: float = np.nan  # 0 female, 1 male
    age: float = np.nan  # years
    bsa: float = np.nan  # body surface area, m2


class Standing(NamedTuple):
    """A value relative to those of its peers."""

    percentile: float  # 0 to 100; peers with the same value count half
    low: float  # the peers' 2.5th percentile
    median: float  # of the peers
    high: float  # the peers' 97.5th percentile
    z: float  # robust distance, (value - median) / (1.4826 x median absolute deviation)
    peers: str  # number, sex and ages of the peers in words


class Reference:
    """Persons and their reference values.

    Attributes:
        persons: one row a person, columns of `PERSONAL`, indexed by id.
        values: phenotypes by the field's names, the same rows.
        source: of the values, in words.
    """

    def __init__(self, persons: pd.DataFrame, values: pd.DataFrame, source: str) -> None:
        """Keep the tables."""
        self.persons, self.values, self.source = persons, values, source
        self._row_of = {subject: row for row, subject in enumerate(values.index)}
        self._sex, self._age = (
            persons[name].to_numpy(np.float64) if name in persons else np.full(len(persons), np.nan)
            for name in (SEX, AGE)
        )

    def holds(self, subject: str) -> bool:
        """Tell whether a subject is in the table."""
        return self._row(subject) is not None

    def person(self, subject: str) -> Person:
        """Return sex, age and body surface of a subject, NaN where the table does not have them."""
        row = self._row(subject)
        if row is None:
            return Person()
        about = {name: float(value) for name, value in self.persons.iloc[row].items()}
        return Person(about.get(SEX, np.nan), about.get(AGE, np.nan), body_surface(about))

    def value(self, subject: str, name: str) -> float:
        """Return the table's own value of a subject, NaN without one."""
        row = self._row(subject)
        return float(self.values[name].iloc[row]) if row is not None and name in self.values else np.nan

    def _row(self, subject: str) -> int | None:
        return self._row_of.get(_key(subject, self._row_of))

    def standing(self, subject: str, name: str, value: float, person: Person) -> Standing | None:
        """Return a subject's value relative to the 120 other people of the same sex who are nearest in age.

        None where fewer than 40 are left, or the value is unknown.
        """
        if name not in self.values or not np.isfinite(value):
            return None
        values = self.values[name].to_numpy(np.float64)
        candidates = np.isfinite(values) & self._comparable(person)
        if (row := self._row(subject)) is not None:
            candidates[row] = False
        peers = np.flatnonzero(candidates)
        if np.isfinite(person.age):
            peers = peers[np.argsort(np.abs(self._age[peers] - person.age), kind="stable")][:PEERS]
        return standing(value, values[peers], self._describe(peers, person)) if len(peers) >= FEWEST else None

    def _comparable(self, person: Person) -> NDArray[np.bool_]:
        """Return which rows are of the same sex and of known age, as far as sex and age of the person are known."""
        same = np.ones(len(self.values), dtype=bool)
        if np.isfinite(person.sex):
            same &= self._sex == person.sex
        if np.isfinite(person.age):
            same &= np.isfinite(self._age)
        return same

    def _describe(self, peers: NDArray[np.intp], person: Person) -> str:
        sex = SEXES.get(int(person.sex), "people") if np.isfinite(person.sex) else "people of both sexes"
        if not np.isfinite(person.age):
            return f"{len(peers)} {sex} of any age"
        ages = self._age[peers]
        return f"{len(peers)} {sex} aged {ages.min():.0f} to {ages.max():.0f}"


def standing(value: float, peers: Array, description: str) -> Standing:
    """Return a value relative to those of its peers, (N,)."""
    below, same = float((peers < value).mean()), float((peers == value).mean())
    low, median, high = np.quantile(peers, [0.025, 0.5, 0.975]).tolist()
    spread = MAD_TO_SD * float(np.median(np.abs(peers - median)))
    z = (value - median) / spread if spread > 0 else np.nan
    return Standing(100 * (below + same / 2), low, median, high, z, description)


def body_surface(about: Mapping[str, float]) -> float:
    """Return the body surface area of a table, else sqrt(height x weight / 3600), in m2 from cm and kg.

    Source: Mosteller, N Engl J Med 1987; 317:1098.
    """
    bsa = about.get(BSA, np.nan)
    return bsa if np.isfinite(bsa) else float(np.sqrt(about.get(HEIGHT, np.nan) * about.get(WEIGHT, np.nan) / 3600))


def read_reference(path: Path, subjects: list[str]) -> Reference:
    """Read persons and phenotypes of a table in the field's spellings.

    Args:
        path: CSV, TSV or parquet, one row a person.
        subjects: ids of the predictions, which may be spelled differently.

    Raises:
        FileNotFoundError: if there is no table.
        ValueError: if it has no column of ids, two rows of one person, or cells that are no numbers.
    """
    identity, _ = find_columns(path, [])
    header = header_of(path)
    candidates = {name: matching_columns(header, name) for name in (*FIELDS, BSA)}
    columns = {name: found[0] for name, found in candidates.items() if len(found) == 1 and found[0] != identity}
    read = read_columns(path, list(dict.fromkeys([identity, *columns.values()])))
    ids = [canonical_id(text) for text in texts_of(read[identity]).to_pylist()]
    persons = [visit_of(subject).person for subject in subjects]
    spelling = altered_ids(persons, ids, f"column {identity!r} of {path}")
    cells = pd.DataFrame({column: texts_of(read[column]).to_pylist() for column in columns.values()})
    cells.index = pd.Index([spelling.get(person, person) for person in ids])
    if not cells.index.is_unique:
        twice = cells.index[cells.index.duplicated()][0]
        raise ValueError(f"{path} has several rows of subject {twice}: keep one row a subject")
    numbers = read_numbers(cells, path).set_axis(list(columns), axis=1)
    personal = [name for name in columns if name in PERSONAL]
    return Reference(numbers[personal], numbers.drop(columns=personal), f"{path.name}, {len(numbers)} people")


def with_values(reference: Reference, values: pd.DataFrame) -> Reference:
    """Return a reference with the cohort's own values, one row a subject, if it has persons but no phenotypes."""
    if len(reference.values.columns):
        return reference
    persons = reference.persons.reindex([_key(subject, reference.persons.index) for subject in values.index])
    return Reference(persons.set_axis(values.index), values, f"these predictions, {len(values)} subjects")


def _key(subject: str, ids: Mapping[str, int] | pd.Index) -> str:
    """Return a subject's id if it is among `ids`, else that of the person whose visit it is."""
    canonical = canonical_id(subject)
    return canonical if canonical in ids else visit_of(canonical).person
