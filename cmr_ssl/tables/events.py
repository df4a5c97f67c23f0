"""Events and follow-up after imaging, from the dates of a table."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.tables.field_reader import UNDATED, read_days
from cmr_ssl.tables.fields import Day

log = logging.getLogger(__name__)

DAYS = 365.25  # a year
FEWEST_EVENTS = 10  # in training, below which nothing can be learnt


@dataclass(frozen=True)
class FollowUp:
    """The dates of a table that define events and follow-up.

    Attributes:
        event: date of diagnosis; empty for those without the disease.
        start: of the follow-up, the day of imaging.
        ends: of the follow-up, such as death.
        until: the last day that the table covers, as 2025-12-31.
    """

    event: Day
    start: Day
    ends: list[Day] = field(default_factory=list)
    until: str = "2025-12-31"

    def __post_init__(self) -> None:
        """Raise ValueError unless `until` is a date."""
        try:
            np.datetime64(self.until, "D")
        except ValueError as error:
            raise ValueError(f"follow_up.until {self.until!r} is no date such as 2025-12-31") from error


class Followed(NamedTuple):
    """The follow-up of N subjects.

    Attributes:
        years: from imaging to the event or the end of follow-up, NaN for subjects left out, (N,).
        event: 1 if it was observed, 0 if censored, NaN for subjects left out, (N,).
        prevalent: how many had it on the day of imaging or before.
        undated: how many had it on an unknown day.
        unimaged: how many have no date of imaging.
    """

    years: NDArray[np.float32]
    event: NDArray[np.float32]
    prevalent: int
    undated: int
    unimaged: int

    def __str__(self) -> str:
        """Describe in one line how many subjects are followed and left out."""
        return (
            f"{int(np.isfinite(self.event).sum())} followed over {np.nansum(self.years):.0f} years, "
            f"{int(np.nansum(self.event))} events; left out: {self.prevalent} who had it before imaging, "
            f"{self.undated} on an unknown day, {self.unimaged} without a date of imaging"
        )


def read_follow_up(path: Path, follow_up: FollowUp, subjects: Sequence[str]) -> Followed:
    """Read the follow-up of `subjects` after imaging.

    Args:
        path: the table, CSV, TSV or parquet, one row a subject.
        follow_up: the dates that define it.
        subjects: their ids.

    Raises:
        FileNotFoundError: if there is no table.
        ValueError: if it lacks a date or holds something else, or a follow-up ends before imaging.
    """
    days = read_days(path, [follow_up.start, follow_up.event, *follow_up.ends], subjects)
    start, event, ends = days[:, 0], days[:, 1], days[:, 2:]
    until = np.datetime64(follow_up.until, "D")
    ends = np.where(np.isnat(ends) | (ends == UNDATED), until, ends)
    end = np.minimum(ends.min(axis=1), until) if ends.shape[1] else np.full(len(days), until)
    imaged = ~(np.isnat(start) | (start == UNDATED))
    if len(wrong := np.flatnonzero(imaged & (end <= start))):
        first = int(wrong[0])
        raise ValueError(
            f"{len(wrong)} subjects of {path} were seen no more when they were imaged, such as {subjects[first]}, "
            f"imaged {start[first]} and followed until {end[first]}: mend the dates, or set follow_up.until (now "
            f"{follow_up.until}) to the last day of which the table knows"
        )
    undated = imaged & (event == UNDATED)
    prevalent = imaged & ~undated & (event <= start)
    kept = imaged & ~undated & ~prevalent
    observed = kept & (event <= end)
    last = np.where(observed, event, end)
    years = np.where(kept, (last - start) / np.timedelta64(1, "D") / DAYS, np.nan)
    counts = (int(group.sum()) for group in (prevalent, undated, ~imaged))
    return Followed(years.astype(np.float32), np.where(kept, observed, np.nan).astype(np.float32), *counts)


def check_events(followed: NDArray[np.float32], what: str) -> None:
    """Raise ValueError if the events of training subjects (N,), NaN for those left out, are too rare to be learnt."""
    events = int(np.nansum(followed))
    if events < FEWEST_EVENTS:
        raise ValueError(
            f"{what} happened to {events} of {int(np.isfinite(followed).sum())} training subjects after imaging, fewer "
            f"than {FEWEST_EVENTS}: add subjects or follow-up, or predict something more frequent"
        )
