"""Ids of subjects, also as spreadsheets change them: without leading zeros, in groups of digits, with an exponent."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

# names of id columns; the last two are the nameless first column of tables written with an index
IDS = (
    *("eid", "f.eid", "subject", "participant.eid", "participant id", "subject id", "patient id", "id"),
    *("", "__index_level_0__"),
)
GROUPED = re.compile(r"[1-9]\d{0,2}([ ,.'\u2019\u00a0\u202f])\d{3}(?:\1\d{3})*")
SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?[eE]\+?(\d+)")
NUMBERED = re.compile(r"0*(\d+)(_\d+)?")  # with a visit or without


def canonical_id(subject: str) -> str:
    """Return an id without the fraction that a program added which took it for a number."""
    return subject.removesuffix(".0")


def id_key(text: str) -> str:
    """Return a key that is the same for an id and for any form that a spreadsheet gave it."""
    if text.isdecimal():  # nearly all are
        return text.lstrip("0") or "0"
    text = text.strip().removeprefix("=").strip("\"'").removesuffix(",0").removesuffix(".0")
    if GROUPED.fullmatch(text):
        return re.sub(r"\D", "", text)
    if (number := SCIENTIFIC.fullmatch(text)) and len(number[2] or "") == int(number[3]):
        return number[1] + (number[2] or "")
    number = NUMBERED.fullmatch(text)
    return number[1] + (number[2] or "") if number else text.casefold()


def is_rounded(text: str) -> bool:
    """Tell whether digits of an id are lost, as in 1.05E+06."""
    number = SCIENTIFIC.fullmatch(text)
    return number is not None and len(number[2] or "") < int(number[3])


def altered_ids(subjects: Sequence[str], ids: Iterable[str], source: str) -> dict[str, str]:
    """Match the ids of a table that a spreadsheet altered with those of a cohort: altered id to subject.

    Args:
        subjects: all ids of a cohort.
        ids: all ids of the table.
        source: of those, for errors.

    Raises:
        ValueError: if a match is ambiguous, or digits of a subject's id are lost.
    """
    unique = {*ids}
    unmatched = [subject for subject in subjects if subject not in unique]
    if not unmatched:
        return {}
    keys = {id_key(subject) for subject in unmatched}
    cohort_ids, table_ids = _by_key(subjects, keys), _by_key(unique, keys)
    for key, texts in table_ids.items():
        if len(cohort_ids[key]) > 1 or len(texts) > 1:
            written, persons = (" and ".join(map(repr, sorted(group))) for group in (texts, cohort_ids[key]))
            raise ValueError(
                f"{source} has {written} for {persons} of the cohort, which differ only by what a spreadsheet removes: "
                "write there the ids of the cohort, as text"
            )
    _check_digits(unmatched, unique, source)
    return {texts[0]: cohort_ids[key][0] for key, texts in table_ids.items()}


def _by_key(ids: Iterable[str], keys: set[str]) -> Mapping[str, list[str]]:
    """Return the different ids that have one of the keys, by key."""
    groups: dict[str, list[str]] = defaultdict(list)
    for text in dict.fromkeys(ids):
        if (key := id_key(text)) in keys:
            groups[key].append(text)
    return groups


def _check_digits(unmatched: Sequence[str], ids: set[str], source: str) -> None:
    """Refuse rounded ids that may be those of a subject without a row."""
    for text in sorted(text for text in ids if is_rounded(text)):
        digits = len(SCIENTIFIC.fullmatch(text)[2] or "")  # type: ignore[index]  # rounded ones match
        value = f"{float(text.replace(',', '.')):.{digits}E}"
        for subject in unmatched:
            if subject.isdecimal() and f"{int(subject):.{digits}E}" == value:
                raise ValueError(
                    f"{source} holds {text!r}, an id that a spreadsheet rounded; it may be {subject!r}: format the "
                    "column as text, or as a number without exponent, and write the table again"
                )
