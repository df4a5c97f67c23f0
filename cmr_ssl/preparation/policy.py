"""Policies: the decision on each finding, and the cohort without what is rejected.

The cache is never changed: `qc` writes one decision a finding into its table, and readers of the cache with that table
leave out what is rejected. So each exclusion is a row with its reason, another policy needs no other cache, and the
data of a checkpoint are the cache and one table. Repairs are made where files are read; a policy decides whether a
repaired series is good enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args

import pandas as pd

from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.preparation.finding_codes import CODES
from cmr_ssl.study import Severity

Decision = Literal["accept", "reject-plane", "reject-subject"]
COLUMNS = ("subject", "view", "slice", "severity", "decision")
WHOLE = -1  # in place of a slice: all of its view

Places = frozenset[tuple[str, int]]  # view and slice, or view and WHOLE
NOTHING: Places = frozenset()


@dataclass(frozen=True)
class Policy:
    """Decisions on findings.

    Attributes:
        decisions: by code: accept keeps the data, repaired or not; reject-plane leaves out the slice, or the view of a
            finding without a slice, or the subject of one without a view; reject-subject leaves out the subject.
        otherwise: of codes that are not named.
    """

    decisions: dict[str, str] = field(default_factory=dict)  # of `Decision`; checked below, with a clear error
    otherwise: str = "accept"

    def __post_init__(self) -> None:
        """Refuse unknown codes and decisions."""
        for code, word in (self.decisions | {"": self.otherwise}).items():
            if code and code not in CODES:
                near = get_close_matches(code, CODES, 1)
                meant = f"did you mean {near[0]!r}" if near else "the table of `qc` tells what was found"
                raise ValueError(f"the policy decides on {code!r}, which no finding is called: {meant}?")
            if word not in get_args(Decision):
                where = f"of {code!r}" if code else "otherwise"
                raise ValueError(
                    f"the policy says {word!r} {where}: it may say {', '.join(map(repr, get_args(Decision)))}"
                )

    def decide(self, code: str, severity: Severity, view: str) -> Decision:
        """Return the decision on a finding; what preparing rejected stays rejected."""
        decision = cast(Decision, self.decisions.get(code, self.otherwise))
        if decision == "accept":
            return "reject-plane" if severity == "rejected" else "accept"
        return decision if view else "reject-subject"


class Rejected(NamedTuple):
    """What a table of findings leaves out of a cache.

    Attributes:
        subjects: left out completely.
        places: slices and views of other subjects that are left out.
    """

    subjects: frozenset[str]
    places: Mapping[str, Places]


NOTHING_REJECTED = Rejected(frozenset(), {})


def read_rejected(path: Path) -> Rejected:
    """Read what a table of `qc` rejects.

    Raises:
        FileNotFoundError: if there is no such table.
        ValueError: if it is no table of `qc`, or has unknown decisions.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no table of findings at {path}: `python -m cmr_ssl qc` writes one, findings.csv")
    table = pd.read_csv(
        path, usecols=lambda name: name in COLUMNS, dtype={"slice": "Int64", "subject": str, "decision": str}
    )
    if missing := [name for name in COLUMNS if name not in table]:
        raise ValueError(f"{path} has no column {missing[0]!r}: name findings.csv of `python -m cmr_ssl qc`")
    if unknown := {*table["decision"].fillna("")} - {*get_args(Decision)}:
        raise ValueError(f"{path} decides {min(unknown)!r}: a decision is one of {', '.join(get_args(Decision))}")
    subjects = frozenset(table["subject"][table["decision"] == "reject-subject"])
    # what preparing rejected is not in the cache
    rows = table[(table["decision"] == "reject-plane") & (table["severity"] != "rejected")]
    places = {
        str(subject): frozenset(zip(group["view"], group["slice"].fillna(WHOLE).astype(int), strict=True))
        for subject, group in rows[~rows["subject"].isin(subjects)].groupby("subject")
    }
    return Rejected(subjects, places)


def without(cohort: pd.DataFrame, rejected: Rejected) -> pd.DataFrame:
    """Return a cohort table without what is rejected; rejected subjects stay, with the status rejected."""
    cohort = cohort.reset_index(drop=True)
    cohort.loc[cohort["subject"].isin(rejected.subjects), "status"] = "rejected"
    for row in cohort.index[cohort["subject"].isin(rejected.places.keys())]:
        places = rejected.places[cohort.at[row, "subject"]]
        slices = int(cohort.at[row, "sa_slices"])
        slices -= sum(view == SHORT_AXIS and index != WHOLE for view, index in places)
        slices = max(0, slices) if keeps(places, SHORT_AXIS, WHOLE) else 0
        views = cohort.at[row, "views"].split(",")
        kept = [view for view in views if (slices if view == SHORT_AXIS else keeps(places, view, 0))]
        planes = slices + len({*kept} - {SHORT_AXIS})
        cohort.loc[row, ["views", "sa_slices", "planes"]] = [",".join(kept), slices, planes]
    return cohort


def keeps(places: Places, view: str, index: int) -> bool:
    """Tell whether a slice of a view is not left out."""
    return places.isdisjoint({(view, WHOLE), (view, index)})
