"""Who belongs together: visits of one person, and relatives; what belongs together never crosses a split."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cmr_ssl.cohort.identities import otherwise_written

FIRST_VISIT = 2  # with imaging, as UK Biobank counts
LATER_VISIT = re.compile(r"(\d{7,})_([2-9])")  # 900000001_3: the second time in the scanner
SEPARATED = re.compile(r"[\s,;]+")


class Visit(NamedTuple):
    """Whose visit a subject of a cohort is, and its number."""

    person: str
    number: int


def visit_of(subject: str) -> Visit:
    """Return the visit that a subject's id means; an id without a visit is the first with imaging."""
    if match := LATER_VISIT.fullmatch(subject):
        return Visit(match[1], int(match[2]))
    return Visit(subject, FIRST_VISIT)


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Return the pairs of relatives in the first two columns of a text, as in UK Biobank's table of relatedness.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a line has fewer than two columns.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no table of relatives at {path}: name a text with two ids a line as --relatives")
    pairs = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        one, *others = SEPARATED.split(line.strip())
        if one and not others:
            raise ValueError(f"line {number} of {path} has one column only: give the ids of two relatives a line")
        if one and not (number == 1 and not one.isdecimal()):  # a header
            pairs.append((one, others[0]))
    return pairs


def pairs_by_cohort_ids(pairs: Sequence[tuple[str, str]], persons: Sequence[str], where: str) -> list[tuple[str, str]]:
    """Return pairs of relatives by the ids of a cohort, which a spreadsheet may have written otherwise.

    Raises:
        ValueError: if an id of the list, which lies at `where`, may be that of two persons.
    """
    known = otherwise_written(persons, (one for pair in pairs for one in pair), where)
    return [(known.get(one, one), known.get(other, other)) for one, other in pairs]


def families(persons: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return for each person the smallest id among all who are related to them, however distantly.

    Relatives who are not in the cohort connect those who are, so that a family is the same in every cohort.
    """
    ids, index = np.unique(np.array([*persons, *(person for pair in pairs for person in pair)]), return_inverse=True)
    one, other = index[len(persons) :].reshape(-1, 2).T
    graph = coo_array((np.ones(len(one), bool), (one, other)), shape=(len(ids), len(ids)))
    _, family = connected_components(graph, directed=False)
    _, first = np.unique(family, return_index=True)  # ids are sorted, so the first is the smallest
    return [str(name) for name in ids[first[family[index[: len(persons)]]]]]
