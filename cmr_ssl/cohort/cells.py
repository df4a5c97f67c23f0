"""What the cells of a table mean: numbers as anybody writes them; marks, codes and impossible values are unknown."""

import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd

from cmr_ssl.cohort.columns import field_of, phenotype_of, unit_of
from cmr_ssl.cohort.numerals import Fits, has_decimal_comma, read_numerals
from cmr_ssl.cohort.ranges import POSSIBLE

log = logging.getLogger(__name__)

# what spreadsheets write in place of a value, and programs in place of a number
SPREADSHEET = (
    "#n/a", "#na", "#n/v", "#nv", "#value!", "#wert!", "#div/0!", "#ref!", "#name?", "#num!", "#null!", "#calc!",
    "#spill!", "#error!",
)  # fmt: skip
NO_VALUE = (
    *("", ".", "..", "-", "--", "---", "\u2013", "\u2014", "?", "*", "na", "n/a", "n.a.", "n.d.", "nd", "nan", "-nan"),
    *("nat", "nil", "null", "<na>", "(null)", "missing", "unknown", "unk", "not available", "not done", "no data"),
    *SPREADSHEET,
)
NO_NUMBER = (*NO_VALUE, "none", "inf", "-inf", "+inf", "infinity", "1.#ind", "-1.#ind", "1.#qnan", "1.#inf")
NO_ANSWER = ("-1", "-3")  # of UK Biobank's fields: does not know, prefers not to answer
# ... of its numbers: also none of the above, and the same answers under other codings
NO_AMOUNT = (-1.0, -3.0, -7.0, -11.0, -13.0, -21.0, -23.0, -121.0, -818.0)
REPEATED = re.compile(r"7+|8+|9+")  # 999, 88: how many a data dictionary says that nothing is known
SEXES = {"female": "0", "male": "1", "f": "0", "m": "1", "woman": "0", "man": "1"}  # exports with labels, not codes
SEX = "Sex"


def read_numbers(cells: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return the numbers of columns of texts, NaN where there is none, and say what was left out or read otherwise.

    Args:
        cells: texts, a column a phenotype, indexed by subject.
        path: of the table, for what is said.

    Raises:
        ValueError: if a text is neither a number nor a usual mark of a missing one, a number may be two, or most
            numbers of a column are none that its phenotype can have; table, column, cell and subject are named.
    """
    if not len(cells.columns):
        return cells
    texts = cells.apply(_tidied)
    commas = any(has_decimal_comma(text) for name in texts for text in texts[name].unique())
    return texts.apply(_numbers, path=path, commas=commas)


def read_names(cells: "pd.Series[str]", path: Path) -> "pd.Series[str]":
    """Return the class names of a column of texts, whole numbers without a fraction, NaN where there is none.

    Raises:
        ValueError: if the column holds broken numbers.
    """
    texts = _tidied(cells)
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


def _tidied(cells: "pd.Series[str]") -> "pd.Series[str]":
    """Return texts with plain signs for what spreadsheets and word processors put in their place."""
    texts = cells.str.replace(r"^[\u2212\u2013](?=[\d.,])", "-", regex=True)
    texts = texts.str.replace(r"[\u00a0\u2009\u202f]", " ", regex=True)
    return texts.str.strip().str.removeprefix("'")


def _numbers(cells: "pd.Series[str]", path: Path, commas: bool) -> "pd.Series[float]":
    """Return the numbers of one column; see `read_numbers`."""
    name, where = str(cells.name), f"column {cells.name!r} of {path}"
    unit = re.escape(unit_of(name))
    texts = cells.str.replace(rf"(?<=\d)\s*{unit}$", "", regex=True, case=False) if unit else cells
    if phenotype_of(name) == SEX:
        texts = texts.str.lower().replace(SEXES)
    values = pd.to_numeric(texts, errors="coerce").astype(float)
    values = values.where(np.isfinite(values))
    unread = values.isna() & ~texts.str.lower().isin(NO_NUMBER)
    if commas or unread.any():
        values = _styled(texts, _fits(name), commas, where)
        _say(cells, unread & values.notna(), where, "have decimal commas or thousands separators, which were read so")
    _say(cells, texts.str.lower().isin(SPREADSHEET), where, "are errors of a spreadsheet and were left unknown")
    return _without_codes(values, cells, where)


def _styled(texts: "pd.Series[str]", fits: Fits | None, commas: bool, where: str) -> "pd.Series[float]":
    """Return the numbers of texts that are not all written as programs do."""
    known = texts[~texts.str.lower().isin(NO_NUMBER)]
    try:
        read = read_numerals(list(known.unique()), fits, commas)
    except ValueError as error:
        why = str(error)
        quoted = known[known.map(lambda text: repr(text) in why)].drop_duplicates()
        raise ValueError(f"{where} (subject {', '.join(map(str, quoted.index[:2]))}) {why}") from error
    strange = known[~known.isin(read)].drop_duplicates()
    if len(strange):
        raise ValueError(
            f"{where} holds {', '.join(map(repr, strange[:3]))} (subject {', '.join(map(str, strange.index[:3]))}), "
            f"which are no numbers{_in_unit(strange.iloc[0])}: mend them, or predict them as classes with the "
            "objective cmr_ssl.tasks.objectives.Classification"
        )
    return texts.map(read).astype(float)


def _in_unit(text: str) -> str:
    """Say that a text is a number with something behind it."""
    number = re.match(r"[-+\d.,]+\d", text)
    behind = text[number.end() :].strip() if number else ""
    return f" of a known unit ({behind!r})" if behind and re.fullmatch(r"[%a-zA-Z/²0-9]+", behind) else ""


def _fits(name: str) -> Fits | None:
    """Return what tells whether a number can be right in a column, None where nobody knows."""
    phenotype = phenotype_of(name)
    if phenotype is None:
        return None
    least, most = POSSIBLE[phenotype]
    return lambda value: least <= value <= most


def is_code(value: float) -> bool:
    """Tell whether a number that cannot be right is one that data dictionaries use for what is unknown."""
    return value == round(value) and (value < 0 or REPEATED.fullmatch(f"{value:.0f}") is not None)


def _without_codes(values: "pd.Series[float]", cells: "pd.Series[str]", where: str) -> "pd.Series[float]":
    """Return numbers without codes and without what no phenotype can have, and say which those were."""
    phenotype = phenotype_of(str(cells.name))
    if phenotype is not None:
        return _possible(values, cells, where, phenotype)
    codes = values.isin(NO_AMOUNT) if field_of(str(cells.name)) else _far_off(values)
    _say(cells, codes, where, "are codes for no answer and were left unknown")
    return values.mask(codes)


def _possible(values: "pd.Series[float]", cells: "pd.Series[str]", where: str, phenotype: str) -> "pd.Series[float]":
    """Return what a phenotype can have; see `_without_codes`."""
    least, most = POSSIBLE[phenotype]
    beyond = (values < least) | (values > most) | ((values % 1 > 0) & (phenotype == SEX))
    codes = beyond & values.map(is_code, na_action="ignore").eq(True)
    impossible = beyond & ~codes
    known = int((values.notna() & ~codes).sum())
    what = f"that {phenotype} can have ({least:g} to {most:g})"
    if 2 * impossible.sum() > known or (phenotype == SEX and impossible.any()):
        remedy = "0 is female and 1 male, or write the words" if phenotype == SEX else "check its unit, or name another"
        raise ValueError(
            f"{where} holds {impossible.sum()} of {known} values that are none {what}, such as "
            f"{cells[impossible].iloc[0]!r} of subject {cells.index[impossible][0]}: {remedy}"
        )
    _say(cells, codes, where, "are codes for no answer and were left unknown")
    _say(cells, impossible, where, f"are none {what} and were left unknown: mend the table")
    return values.mask(beyond)


def _far_off(values: "pd.Series[float]") -> "pd.Series[bool]":
    """Tell which numbers are codes in a column that nobody knows: farther from all others than those are apart."""
    codes = values.map(is_code, na_action="ignore").eq(True) & ~values.isin([7, 8, 9])
    others = values[~codes].dropna()
    if others.nunique() < 2:
        return codes & False
    spread = others.max() - others.min()
    return codes & ((values < others.min() - spread) | (values > others.max() + spread))


def _say(cells: "pd.Series[str]", which: "pd.Series[bool]", where: str, what: str) -> None:
    """Say how many cells are meant, and name the first with its subject."""
    count = int(which.sum())
    if count:
        first = cells[which]
        log.warning("%s: %d cells, such as %r of subject %s, %s", where, count, first.iloc[0], first.index[0], what)
