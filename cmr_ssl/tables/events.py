"""Who fell ill when after imaging, from the dates of a table: events, ends of follow-up, and who was ill before."""

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
    """Which dates of a table say who fell ill.

    Attributes:
        event: when it was diagnosed; empty for who never had it.
        start: of the follow-up, the day of imaging.
        ends: after which nobody looked any more, such as death.
        until: the last day of which the table knows, as 2025-12-31.
    """

    event: Day
    start: Day
    ends: list[Day] = field(default_factory=list)
    until: str = "2025-12-31"

    def __post_init__(self) -> None:
        """Refuse what is no date.

        Raises:
            ValueError: naming it.
        """
        try:
            np.datetime64(self.until, "D")
        except ValueError as error:
            raise ValueError(f"follow_up.until {self.until!r} is no date such as 2025-12-31") from error


class Followed(NamedTuple):
    """What became of N subjects.

    Attributes:
        years: from imaging to the event or the end of follow-up, NaN for who is left out, (N,).
        event: 1 if it was seen, 0 if not, NaN for who is left out, (N,).
        prevalent: how many had it on the day of imaging or before.
        undated: how many had it on a day that nobody knows.
        unimaged: how many have no date of imaging.
    """

    years: NDArray[np.float32]
    event: NDArray[np.float32]
    prevalent: int
    undated: int
    unimaged: int

    def __str__(self) -> str:
        """Say in one line who is followed and who is left out."""
        return (
            f"{int(np.isfinite(self.event).sum())} followed over {np.nansum(self.years):.0f} years, "
            f"{int(np.nansum(self.event))} events; left out: {self.prevalent} who had it before imaging, "
            f"{self.undated} on an unknown day, {self.unimaged} without a date of imaging"
        )


def read_follow_up(path: Path, how: FollowUp, subjects: Sequence[str]) -> Followed:
    """Return what became of `subjects` after imaging.

    Args:
        path: the table, CSV, TSV or parquet, one row a subject.
        how: which dates say it.
        subjects: their ids.

    Raises:
        FileNotFoundError: if there is no table.
        ValueError: if it lacks a date or holds something else, or somebody was seen no more before imaging.
    """
    days = read_days(path, [how.start, how.event, *how.ends], subjects)
    start, event, ends = days[:, 0], days[:, 1], days[:, 2:]
    until = np.datetime64(how.until, "D")
    ends = np.where(np.isnat(ends) | (ends == UNDATED), until, ends)
    end = np.minimum(ends.min(axis=1), until) if ends.shape[1] else np.full(len(days), until)
    imaged = ~(np.isnat(start) | (start == UNDATED))
    _check_order(path, how, subjects, np.where(imaged, start, np.datetime64("NaT")), end)
    undated = imaged & (event == UNDATED)
    prevalent = imaged & ~undated & (event <= start)
    kept = imaged & ~undated & ~prevalent
    seen = kept & (event <= end)
    last = np.where(seen, event, end)
    years = np.where(kept, (last - start) / np.timedelta64(1, "D") / DAYS, np.nan)
    counts = (int(part.sum()) for part in (prevalent, undated, ~imaged))
    return Followed(years.astype(np.float32), np.where(kept, seen, np.nan).astype(np.float32), *counts)


def check_events(followed: NDArray[np.float32], what: str) -> None:
    """Raise ValueError where the event of training subjects (N,), NaN for who is left out, is too rare to be learnt."""
    events = int(np.nansum(followed))
    if events < FEWEST_EVENTS:
        raise ValueError(
            f"{what} happened to {events} of {int(np.isfinite(followed).sum())} training subjects after imaging, fewer "
            f"than {FEWEST_EVENTS}: add subjects or follow-up, or predict something more frequent"
        )


def _check_order(
    path: Path,
    how: FollowUp,
    subjects: Sequence[str],
    start: NDArray[np.datetime64],
    end: NDArray[np.datetime64],
) -> None:
    """Refuse a follow-up that ends before it begins."""
    wrong = np.flatnonzero(end <= start)
    if len(wrong):
        first = int(wrong[0])
        raise ValueError(
            f"{len(wrong)} subjects of {path} were seen no more when they were imaged, such as {subjects[first]}, "
            f"imaged {start[first]} and followed until {end[first]}: mend the dates, or set follow_up.until (now "
            f"{how.until}) to the last day of which the table knows"
        )
