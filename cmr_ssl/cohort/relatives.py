"""Visits of one person and relatives, who must stay in one split."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cmr_ssl.cohort.identities import altered_ids

FIRST_VISIT = 2  # with imaging, as UK Biobank counts
LATER_VISIT = re.compile(r"(\d{7,})_([2-9])")  # 900000001_3: the second time in the scanner
SEPARATED = re.compile(r"[\s,;]+")


class Visit(NamedTuple):
    """The person and the number of a visit."""

    person: str
    number: int


def visit_of(subject: str) -> Visit:
    """Parse a subject's id; one without a visit is the first with imaging."""
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
        first, *others = SEPARATED.split(line.strip())
        if first and not others:
            raise ValueError(f"line {number} of {path} has one column only: give the ids of two relatives a line")
        if first and (number > 1 or first.isdecimal()):  # else a header
            pairs.append((first, others[0]))
    return pairs


def pairs_by_cohort_ids(pairs: Sequence[tuple[str, str]], persons: Sequence[str], source: str) -> list[tuple[str, str]]:
    """Return pairs of relatives with the ids of a cohort; raise ValueError if an id of `source` is ambiguous."""
    ids = altered_ids(persons, (person for pair in pairs for person in pair), source)
    return [(ids.get(first, first), ids.get(second, second)) for first, second in pairs]


def families(persons: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return for each person the smallest id among all their relatives, however distant.

    Relatives who are not in the cohort connect those who are, so that a family is the same in every cohort.
    """
    ids, index = np.unique(np.array([*persons, *(person for pair in pairs for person in pair)]), return_inverse=True)
    edges = index[len(persons) :].reshape(-1, 2)
    graph = coo_array((np.ones(len(edges), bool), (edges[:, 0], edges[:, 1])), shape=(len(ids), len(ids)))
    _, family = connected_components(graph, directed=False)
    _, first = np.unique(family, return_index=True)  # ids are sorted, so the first is the smallest
    return [str(name) for name in ids[first[family[index[: len(persons)]]]]]
