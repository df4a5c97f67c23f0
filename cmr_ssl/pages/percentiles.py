"""Where a value stands among people of the same sex and about the same age."""

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
ABOUT_PERSONS = (SEX, AGE, HEIGHT, WEIGHT, BSA, "BMI (kg/m2)", "Heart rate (bpm)")
PEERS = 120  # so many reference values CLSI's EP28-A3c asks for
FEWEST = 40  # below which nothing is said
MAD_TO_SD = 1.4826  # of normal values
SEXES = {0: "women", 1: "men"}


class Person(NamedTuple):
    """Who was scanned; NaN where it is not known.

    Attributes:
        sex: 0 female, 1 male.
        age: years.
        bsa: body surface area, m2.
    """

    sex: float = np.nan
    age: float = np.nan
    bsa: float = np.nan


class Standing(NamedTuple):
    """Where a value stands among its peers.

    Attributes:
        percentile: 0 to 100; peers with the same value count half.
        low: the peers' 2.5th percentile.
        median: of the peers.
        high: the peers' 97.5th percentile.
        z: distance from the median in robust standard deviations, 1.4826 x the median absolute deviation.
        peers: who they are, in words.
    """

    percentile: float
    low: float
    median: float
    high: float
    z: float
    peers: str


class Reference:
    """Reference values and what is known of each person.

    Attributes:
        persons: one row a person, columns as `ABOUT_PERSONS` names them, indexed by id.
        values: phenotypes by the field's names, indexed by id; the same rows.
        told: where they come from, in words.
    """

    def __init__(self, persons: pd.DataFrame, values: pd.DataFrame, told: str) -> None:
        """Keep the tables."""
        self.persons, self.values, self.told = persons, values, told
        self._at = {one: row for row, one in enumerate(values.index)}
        self._sex = _column(persons, SEX)
        self._age = _column(persons, AGE)

    def holds(self, subject: str) -> bool:
        """Tell whether a subject is in the table."""
        return _key(subject, self._at) in self._at

    def person(self, subject: str) -> Person:
        """Return what is known of a subject; of one who is not in the table, nothing."""
        row = self._at.get(_key(subject, self._at))
        if row is None:
            return Person()
        about = {name: float(value) for name, value in self.persons.iloc[row].items()}
        return Person(about.get(SEX, np.nan), about.get(AGE, np.nan), surface(about))

    def value(self, subject: str, name: str) -> float:
        """Return the table's own value of a subject, NaN where there is none."""
        row = self._at.get(_key(subject, self._at))
        return float(self.values[name].iloc[row]) if row is not None and name in self.values else np.nan

    def standing(self, subject: str, name: str, value: float, person: Person) -> Standing | None:
        """Return where a value stands among the 120 people of the same sex who are nearest in age.

        The subject does not count. None where fewer than 40 remain, or the value is unknown.

        Args:
            subject: whose value it is.
            name: of the phenotype.
            value: in the unit of the name.
            person: who that is.
        """
        if name not in self.values or not np.isfinite(value):
            return None
        known = np.isfinite(all_values := self.values[name].to_numpy(np.float64))
        if (own := self._at.get(_key(subject, self._at))) is not None:
            known[own] = False
        chosen = np.flatnonzero(known & self._alike(person))
        if np.isfinite(person.age):
            away = np.abs(self._age[chosen] - person.age)
            chosen = chosen[np.argsort(away, kind="stable")][:PEERS]
        if len(chosen) < FEWEST:
            return None
        return standing(value, all_values[chosen], self._who(chosen, person))

    def _alike(self, person: Person) -> NDArray[np.bool_]:
        """Return who is of the same sex and of known age, as far as sex and age of the person are known."""
        same = np.ones(len(self.values), dtype=bool)
        if np.isfinite(person.sex):
            same &= self._sex == person.sex
        if np.isfinite(person.age):
            same &= np.isfinite(self._age)
        return same

    def _who(self, chosen: NDArray[np.intp], person: Person) -> str:
        who = SEXES.get(int(person.sex), "people") if np.isfinite(person.sex) else "people of both sexes"
        if not np.isfinite(person.age):
            return f"{len(chosen)} {who} of any age"
        ages = self._age[chosen]
        return f"{len(chosen)} {who} aged {ages.min():.0f} to {ages.max():.0f}"


def standing(value: float, peers: Array, who: str) -> Standing:
    """Return where a value stands among those of its peers, (N,)."""
    below, same = float((peers < value).mean()), float((peers == value).mean())
    low, median, high = (float(one) for one in np.quantile(peers, [0.025, 0.5, 0.975]))
    spread = MAD_TO_SD * float(np.median(np.abs(peers - median)))
    z = (value - median) / spread if spread > 0 else np.nan
    return Standing(100 * (below + same / 2), low, median, high, z, who)


def surface(about: Mapping[str, float]) -> float:
    """Return the body surface area in m2 as a table tells it, else sqrt(height x weight / 3600), cm and kg.

    Source: Mosteller, N Engl J Med 1987; 317:1098.
    """
    told = about.get(BSA, np.nan)
    return told if np.isfinite(told) else float(np.sqrt(about.get(HEIGHT, np.nan) * about.get(WEIGHT, np.nan) / 3600))


def read_reference(path: Path, subjects: list[str]) -> Reference:
    """Read persons and phenotypes of a table in the field's spellings.

    Args:
        path: CSV, TSV or parquet, one row a person.
        subjects: ids of the predictions, which may be written otherwise there.

    Raises:
        FileNotFoundError: if there is no table.
        ValueError: if it has no column of ids, two rows of one person, or cells that are no numbers.
    """
    identity, _ = find_columns(path, [])
    header = header_of(path)
    found = {name: matching_columns(header, name) for name in (*FIELDS, BSA)}
    columns = {name: one[0] for name, one in found.items() if len(one) == 1 and one[0] != identity}
    read = read_columns(path, list(dict.fromkeys([identity, *columns.values()])))
    ids = [canonical_id(one) for one in texts_of(read[identity]).to_pylist()]
    other = altered_ids([visit_of(one).person for one in subjects], ids, f"column {identity!r} of {path}")
    cells = pd.DataFrame({column: texts_of(read[column]).to_pylist() for column in columns.values()})
    cells.index = pd.Index([other.get(one, one) for one in ids])
    if not cells.index.is_unique:
        twice = cells.index[cells.index.duplicated()][0]
        raise ValueError(f"{path} has several rows of subject {twice}: keep one row a subject")
    numbers = read_numbers(cells, path).set_axis(list(columns), axis=1)
    about = [name for name in columns if name in ABOUT_PERSONS]
    return Reference(numbers[about], numbers.drop(columns=about), f"{path.name}, {len(numbers)} people")


def with_values(reference: Reference, values: pd.DataFrame) -> Reference:
    """Return a reference whose people keep sex and age, with values, one row a subject, where it has none of its own.

    Args:
        reference: what is known; its table may hold no phenotype at all.
        values: predictions of this cohort, indexed by subject.
    """
    if len(reference.values.columns):
        return reference
    persons = reference.persons.reindex([_key(one, reference.persons.index) for one in values.index])
    return Reference(persons.set_axis(values.index), values, f"these predictions, {len(values)} subjects")


def _key(subject: str, known: Mapping[str, int] | pd.Index) -> str:
    """Return under which id a subject is known: its own, or that of the person whose visit it is."""
    one = canonical_id(subject)
    return one if one in known else visit_of(one).person


def _column(persons: pd.DataFrame, name: str) -> Array:
    return persons[name].to_numpy(np.float64) if name in persons else np.full(len(persons), np.nan)
