"""Ids of subjects, also as spreadsheets leave them: without zeros in front, in groups of digits, with an exponent."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

# names of columns of ids; the last two are the nameless first column of tables that were written with an index
IDS = ("eid", "f.eid", "subject", "participant.eid", "participant id", "id", "", "__index_level_0__")
GROUPED = re.compile(r"[1-9]\d{0,2}([ ,.'\u2019\u00a0\u202f])\d{3}(?:\1\d{3})*")
POWER = re.compile(r"(\d)(?:[.,](\d+))?[eE]\+?(\d+)")
NUMBERED = re.compile(r"0*(\d+)(_\d+)?")  # with a visit or without


def canonical_id(subject: str) -> str:
    """Return an id as it is compared: a program that took it for a number may have added a fraction."""
    return subject.removesuffix(".0")


def key(text: str) -> str:
    """Return what is the same for an id and for what a spreadsheet made of it."""
    if text.isdecimal():  # nearly all are
        return text.lstrip("0") or "0"
    text = text.strip().removeprefix("=").strip("\"'").removesuffix(",0").removesuffix(".0")
    if GROUPED.fullmatch(text):
        return re.sub(r"\D", "", text)
    if (power := POWER.fullmatch(text)) and not rounded(text) and len(power[2] or "") == int(power[3]):
        return power[1] + (power[2] or "")
    number = NUMBERED.fullmatch(text)
    return number[1] + (number[2] or "") if number else text


def rounded(text: str) -> bool:
    """Tell whether digits of an id are lost, as in 1.05E+06."""
    power = POWER.fullmatch(text)
    return power is not None and len(power[2] or "") < int(power[3])


def otherwise_written(subjects: Sequence[str], ids: Iterable[str], where: str) -> dict[str, str]:
    """Return the ids of a table that stand for a subject without being its id: id to subject.

    Args:
        subjects: all ids of a cohort.
        ids: all ids of the table.
        where: what holds those, for errors.

    Raises:
        ValueError: if one of them may stand for two subjects, two for one, or digits of a subject's id are lost.
    """
    there = {*ids}
    lacking = [subject for subject in subjects if subject not in there]
    if not lacking:
        return {}
    wanted = {key(subject) for subject in lacking}
    mine, theirs = _by_key(subjects, wanted), _by_key(there, wanted)
    for one, written in theirs.items():
        _check_unique(mine[one], written, where)
    _check_digits(lacking, there, where)
    return {written[0]: mine[one][0] for one, written in theirs.items()}


def _by_key(ids: Iterable[str], wanted: set[str]) -> Mapping[str, list[str]]:
    """Return different ids under their keys, as far as those are wanted."""
    found: dict[str, list[str]] = defaultdict(list)
    for text in dict.fromkeys(ids):
        if (one := key(text)) in wanted:
            found[one].append(text)
    return found


def _check_unique(subjects: Sequence[str], written: Sequence[str], where: str) -> None:
    if len(subjects) > 1 or len(written) > 1:
        raise ValueError(
            f"{where} has {' and '.join(map(repr, sorted(written)))} for {' and '.join(map(repr, sorted(subjects)))} "
            "of the cohort, which differ only by what a spreadsheet removes: write there the ids of the cohort, as text"
        )


def _check_digits(lacking: Sequence[str], written: set[str], where: str) -> None:
    """Refuse ids whose digits are lost where they may stand for a subject without a row."""
    for text in sorted(text for text in written if rounded(text)):
        digits = len(POWER.fullmatch(text)[2] or "")  # type: ignore[index]  # rounded ones match
        value = f"{float(text.replace(',', '.')):.{digits}E}"
        for subject in lacking:
            if subject.isdecimal() and f"{int(subject):.{digits}E}" == value:
                raise ValueError(
                    f"{where} holds {text!r}, an id that a spreadsheet rounded; it may be {subject!r}: format the "
                    "column as text, or as a number without exponent, and write the table again"
                )
