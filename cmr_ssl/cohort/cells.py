"""Read the cells of a table: numbers in any notation; marks of missing values, codes and impossible values are NaN."""

import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd

from cmr_ssl.cohort.columns import field_of, phenotype_of, unit_of
from cmr_ssl.cohort.numerals import Plausible, has_decimal_comma, read_numerals
from cmr_ssl.cohort.ranges import POSSIBLE

log = logging.getLogger(__name__)

# what spreadsheets write in place of a value, and programs in place of a number
SPREADSHEET_ERRORS = (
    "#n/a", "#na", "#n/v", "#nv", "#value!", "#wert!", "#div/0!", "#ref!", "#name?", "#num!", "#null!", "#calc!",
    "#spill!", "#error!",
)  # fmt: skip
NO_VALUE = (
    *("", ".", "..", "-", "--", "---", "\u2013", "\u2014", "?", "*", "na", "n/a", "n.a.", "n.d.", "nd", "nan", "-nan"),
    *("nat", "nil", "null", "<na>", "(null)", "missing", "unknown", "unk", "not available", "not done", "no data"),
    *SPREADSHEET_ERRORS,
)
NO_NUMBER = (*NO_VALUE, "none", "inf", "-inf", "+inf", "infinity", "1.#ind", "-1.#ind", "1.#qnan", "1.#inf")
NO_ANSWER = ("-1", "-3")  # of UK Biobank's fields: does not know, prefers not to answer
# ... of its numbers: also none of the above, and the same answers under other codings
NO_ANSWER_NUMBERS = (-1.0, -3.0, -7.0, -11.0, -13.0, -21.0, -23.0, -121.0, -818.0)
REPEATED = re.compile(r"7+|8+|9+")  # 999, 88: usual codes of data dictionaries for a missing value
SEXES = {"female": "0", "male": "1", "f": "0", "m": "1", "woman": "0", "man": "1"}  # exports with labels, not codes
WERE_CODES = "are codes for no answer and were left unknown"
SEX = "Sex"


def read_numbers(cells: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Read columns of texts as numbers, NaN where missing; log what was left out or reinterpreted.

    Args:
        cells: texts, a column a phenotype, indexed by subject.
        path: of the table, for messages.

    Raises:
        ValueError: if a text is neither a number nor a usual mark of a missing value, a number is ambiguous, or most
            numbers of a column are impossible for its phenotype; table, column, cell and subject are named.
    """
    if not len(cells.columns):
        return cells
    texts = cells.apply(_normalised)
    commas = any(has_decimal_comma(text) for name in texts for text in texts[name].unique())
    return texts.apply(_numbers, path=path, commas=commas)


def read_names(cells: "pd.Series[str]", path: Path) -> "pd.Series[str]":
    """Read a column of texts as class names, NaN where missing; raise ValueError if numbers have fractions."""
    texts = _normalised(cells)
    fractions = pd.to_numeric(texts, errors="coerce") % 1 > 0
    broken = texts[fractions | texts.map(lambda text: has_decimal_comma(text) and not text.endswith(",0"))]
    if len(broken):
        raise ValueError(
            f"column {cells.name!r} of {path} holds numbers such as {broken.iloc[0]} of subject {broken.index[0]}, not "
            "classes: predict it with the objective cmr_ssl.tasks.objectives.Regression, or name another column"
        )
    names = texts.str.replace(r"^(-?\d+)[.,]0+$", r"\1", regex=True)
    unknown = names.str.lower().isin(NO_VALUE)
    if field_of(str(cells.name)) or phenotype_of(str(cells.name)):
        unknown |= names.isin(NO_ANSWER)
    return names.mask(unknown)


def _normalised(cells: "pd.Series[str]") -> "pd.Series[str]":
    """Return texts with plain minus signs, spaces and quotes in place of typographic ones."""
    texts = cells.str.replace(r"^[\u2212\u2013](?=[\d.,])", "-", regex=True)
    texts = texts.str.replace(r"[\u00a0\u2009\u202f]", " ", regex=True)
    return texts.str.strip().str.removeprefix("'")


def _numbers(cells: "pd.Series[str]", path: Path, commas: bool) -> "pd.Series[float]":
    """Read the numbers of one column; see `read_numbers`."""
    name, column = str(cells.name), f"column {cells.name!r} of {path}"
    unit = re.escape(unit_of(name))
    texts = cells.str.replace(rf"(?<=\d)\s*{unit}$", "", regex=True, case=False) if unit else cells
    if phenotype_of(name) == SEX:
        texts = texts.str.lower().replace(SEXES)
    values = pd.to_numeric(texts, errors="coerce").astype(float)
    values = values.where(np.isfinite(values))
    unread = values.isna() & ~texts.str.lower().isin(NO_NUMBER)
    if commas or unread.any():
        values = _localised(texts, _plausible(name), commas, column)
        _warn(cells, unread & values.notna(), column, "have decimal commas or thousands separators, which were read so")
    errors = texts.str.lower().isin(SPREADSHEET_ERRORS)
    _warn(cells, errors, column, "are errors of a spreadsheet and were left unknown")
    if phenotype := phenotype_of(name):
        return _possible(values, cells, column, phenotype)
    codes = values.isin(NO_ANSWER_NUMBERS) if field_of(name) else _outlying_codes(values)
    _warn(cells, codes, column, WERE_CODES)
    return values.mask(codes)


def _localised(texts: "pd.Series[str]", plausible: Plausible | None, commas: bool, column: str) -> "pd.Series[float]":
    """Read numbers that may have decimal commas or grouped digits."""
    texts_of_numbers = texts[~texts.str.lower().isin(NO_NUMBER)]
    try:
        numbers = read_numerals(list(texts_of_numbers.unique()), plausible, commas)
    except ValueError as error:
        reason = str(error)
        quoted = texts_of_numbers[texts_of_numbers.map(lambda text: repr(text) in reason)].drop_duplicates()
        raise ValueError(f"{column} (subject {', '.join(map(str, quoted.index[:2]))}) {reason}") from error
    unread = texts_of_numbers[~texts_of_numbers.isin(numbers)].drop_duplicates()
    if len(unread):
        suffix = re.fullmatch(r"(?>[-+\d.,]+\d)\s*([%a-zA-Z/²0-9]+)", unread.iloc[0])
        unit = f" of a known unit ({suffix[1]!r})" if suffix else ""
        raise ValueError(
            f"{column} holds {', '.join(map(repr, unread[:3]))} (subject {', '.join(map(str, unread.index[:3]))}), "
            f"which are no numbers{unit}: mend them, or predict them as classes with the "
            "objective cmr_ssl.tasks.objectives.Classification"
        )
    return texts.map(numbers).astype(float)


def _plausible(name: str) -> Plausible | None:
    """Return what tells whether a number is possible in a column; None for a column of an unknown phenotype."""
    phenotype = phenotype_of(name)
    if phenotype is None:
        return None
    least, most = POSSIBLE[phenotype]
    return lambda value: least <= value <= most


def is_code(value: float) -> bool:
    """Tell whether an impossible number is one that data dictionaries use for a missing value."""
    return value == round(value) and (value < 0 or REPEATED.fullmatch(f"{value:.0f}") is not None)


def _possible(values: "pd.Series[float]", cells: "pd.Series[str]", column: str, phenotype: str) -> "pd.Series[float]":
    """Return the values that are possible for a phenotype, others NaN; log which those were."""
    least, most = POSSIBLE[phenotype]
    outside = (values < least) | (values > most) | ((values % 1 > 0) & (phenotype == SEX))
    codes = outside & values.map(is_code, na_action="ignore").eq(True)
    impossible = outside & ~codes
    count = int((values.notna() & ~codes).sum())
    limits = f"that {phenotype} can have ({least:g} to {most:g})"
    if 2 * impossible.sum() > count or (phenotype == SEX and impossible.any()):
        remedy = "0 is female and 1 male, or write the words" if phenotype == SEX else "check its unit, or name another"
        raise ValueError(
            f"{column} holds {impossible.sum()} of {count} values that are none {limits}, such as "
            f"{cells[impossible].iloc[0]!r} of subject {cells.index[impossible][0]}: {remedy}"
        )
    _warn(cells, codes, column, WERE_CODES)
    _warn(cells, impossible, column, f"are none {limits} and were left unknown: mend the table")
    return values.mask(outside)


def _outlying_codes(values: "pd.Series[float]") -> "pd.Series[bool]":
    """Tell which numbers of an unknown column are codes: farther from all others than the range of those."""
    codes = values.map(is_code, na_action="ignore").eq(True) & ~values.isin([7, 8, 9])
    others = values[~codes].dropna()
    if others.nunique() < 2:
        return codes & False
    spread = others.max() - others.min()
    return codes & ((values < others.min() - spread) | (values > others.max() + spread))


def _warn(cells: "pd.Series[str]", affected: "pd.Series[bool]", column: str, message: str) -> None:
    """Log how many cells are affected, and the first one with its subject."""
    if affected.any():
        texts = cells[affected]
        first = (texts.iloc[0], texts.index[0])
        log.warning("%s: %d cells, such as %r of subject %s, %s", column, len(texts), *first, message)
