"""Dates and times of DICOM as seconds that can be compared, also over midnight."""

import math
import re
from datetime import date
from functools import lru_cache

DATE = re.compile(r"(\d{4})[.-]?(\d\d)[.-]?(\d\d)")
TIME = re.compile(r"(\d\d):?(\d\d):?(\d\d)((?:[.,]\d+)?)")
DAY_S = 86400.0


@lru_cache(maxsize=1024)  # most images of a slice have the same
def to_seconds(day: str, time: str) -> float:
    """Return seconds since a fixed day; NaN for an invalid time, counted from the first day for an invalid day."""
    parts = TIME.match(time)
    if parts is None:
        return math.nan
    hours, minutes, seconds = (float(part) for part in parts.groups()[:3])
    return _day(day) * DAY_S + hours * 3600 + minutes * 60 + seconds + float(f"0{parts[4].replace(',', '.')}")


def over_midnight(seconds: list[float]) -> list[float]:
    """Return times of one slice, those after midnight a day later if the dates leave that out."""
    first, last = min(seconds, default=0.0), max(seconds, default=0.0)
    if not DAY_S / 2 < last - first < DAY_S:  # also where one is unknown
        return seconds
    return [second + DAY_S if second < first + DAY_S / 2 else second for second in seconds]


def _day(text: str) -> int:
    parts = DATE.match(text)
    try:
        return 0 if parts is None else date(*map(int, parts.groups())).toordinal()
    except ValueError:
        return 0
