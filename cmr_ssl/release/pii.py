"""Personal information in a text: UK Biobank's 7-digit participant ids, and where files lie on somebody's machine."""

import re
from collections.abc import Iterator
from typing import NamedTuple

PARTICIPANT = "a 7-digit participant id"
LONGEST_SHOWN = 60

# UK Biobank's ids run from 1000000 to below 7000000; a program that took them for numbers may have added ".0". Digits
# and letters beside them are part of something else (a digest, a longer number), unless the letters are "eid" or so.
ID = re.compile(
    r"(?:(?<![0-9A-Za-z])|(?<=id)|(?<=sub)|(?<=subject)|(?<=patient)|(?<=participant))"
    r"(?<!\d\.)(?<![^\w]-)[1-6]\d{6}(?!\d|[A-Za-z]|\.\d*[1-9])",
    re.IGNORECASE,
)
COUNTED = (
    "step epoch count counter number seed version param parameter token byte size total max min num iter iteration "
    "time timestamp port pid offset length sample row pixel voxel flop n kb mb ms"
)
_COUNTED = "|".join(f"{word}s?" for word in COUNTED.split())
COUNT_BEFORE = re.compile(rf"(?:^|[\W_])(?:{_COUNTED})[\"')\]]*\s*(?:[:=|]|is|of)?\s*$", re.IGNORECASE)
COUNT_AFTER = re.compile(rf"\s*(?:\|\s*)?(?:{_COUNTED}|subjects|images|frames)\b", re.IGNORECASE)

# Two names below the root at least; "/" also divides numbers, units, addresses and closing tags.
PATH = re.compile(
    r"(?:(?<![\w/:.~<>)\]}*+-])|(?<=file://))/(?!(?:usr|bin|dev|etc|proc)/)(?:[\w.+@-]+/)+[\w.+@-]*", re.IGNORECASE
)
WINDOWS = re.compile(r"(?<![A-Za-z])[A-Za-z]:\\{1,2}[^\s\"'<>|]+|(?<!\\)\\\\[\w.-]+\\[^\s\"'<>|]+")

# In binary data, seven digits or two slashes occur by chance: only longer patterns count there.
SURE_ID = re.compile(
    r"(?:eid|subject|subj|patient|participant)[\W_]{0,4}[1-6]\d{6}(?!\d)|(?<!\d)[1-6]\d{6}_\d{5}_\d_\d", re.IGNORECASE
)
SURE_PATH = re.compile(
    r"/(?:home|users|mnt|media|data|scratch|work|workspace|root|tmp|var|opt|srv|net|nfs|lustre|gpfs|projects?|cluster"
    r"|volumes)/[\w.+-]{2,}(?:/[\w.+-]+)*",
    re.IGNORECASE,
)


class Leak(NamedTuple):
    """A piece of personal information: its place in a file, and what it is."""

    where: str
    what: str


def leaks_in_text(text: str, where: str) -> Iterator[Leak]:
    """Yield the leaks in a text."""
    if any(not _counts(text, match) for match in ID.finditer(text)):
        yield Leak(where, PARTICIPANT)
    yield from _paths((PATH, WINDOWS), text, where)


def sure_leaks_in_text(text: str, where: str) -> Iterator[Leak]:
    """Yield the certain leaks in bytes that may look like text by chance."""
    if SURE_ID.search(text):
        yield Leak(where, PARTICIPANT)
    yield from _paths((SURE_PATH,), text, where)


def _paths(patterns: tuple[re.Pattern[str], ...], text: str, where: str) -> Iterator[Leak]:
    for match in filter(None, (pattern.search(text) for pattern in patterns)):
        yield Leak(where, f"the absolute path {match[0][:LONGEST_SHOWN]!r}")


def is_id(text: str) -> bool:
    """Tell whether a whole text is a participant's id."""
    return re.fullmatch(r"\s*[1-6]\d{6}(?:\.0+)?\s*", text) is not None


def counts(name: str) -> bool:
    """Tell whether a name is that of something counted, whose values may have seven digits."""
    return any(re.fullmatch(_COUNTED, word) for word in re.split(r"[\W_]+", name.lower()))


def _counts(text: str, match: re.Match[str]) -> bool:
    before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 20]
    return bool(COUNT_BEFORE.search(before) or COUNT_AFTER.match(after))
