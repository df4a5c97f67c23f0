"""Numbers as the countries of the world write them: decimal points and commas, digits in groups of three."""

import re
from collections.abc import Callable, Sequence
from math import isfinite

Fits = Callable[[float], bool]
SPACED = " '\u2019"  # groups of digits everywhere; special spaces are plain ones by then


class Style:
    """One way to write numbers."""

    def __init__(self, decimal: str, grouping: str) -> None:
        """Name the sign before decimals and the one between thousands."""
        whole = rf"(?:\d+|[1-9]\d{{0,2}}([{grouping}{SPACED}])\d{{3}}(?:\1\d{{3}})*)"
        self.decimal, self.grouping = decimal, grouping
        self.pattern = re.compile(rf"[+-]?(?:{whole}(?:[{decimal}]\d*)?|[{decimal}]\d+)(?:[eE][+-]?\d+)?")

    def read(self, text: str) -> float | None:
        """Return the number that a text means in this style, None if it means none."""
        if not self.pattern.fullmatch(text):
            return None
        value = float(re.sub(rf"[{self.grouping}{SPACED}]", "", text).replace(self.decimal, "."))
        return value if isfinite(value) else None


POINT, COMMA = Style(".", ","), Style(",", ".")


def has_decimal_comma(text: str) -> bool:
    """Tell whether a text is a number with a decimal comma and nothing else."""
    return "," in text and POINT.read(text) is None and COMMA.read(text) is not None


def read_numerals(texts: Sequence[str], fits: Fits | None = None, commas: bool = False) -> dict[str, float]:
    """Return the numbers of one column, text to value; texts that are no numbers are left out.

    Args:
        texts: different ones.
        fits: tells whether a number can be right; it decides where 1,234 may be 1234 as well as 1.234.
        commas: whether other columns of the table have decimal commas.

    Raises:
        ValueError: if the texts are written in two styles or nothing tells the style, quoting them in one clause.
    """
    readings = {text: (POINT.read(text), COMMA.read(text)) for text in texts}
    only_point = [text for text, (point, comma) in readings.items() if comma is None and point is not None]
    only_comma = [text for text, (point, comma) in readings.items() if point is None and comma is not None]
    if only_point and only_comma:
        raise ValueError(f"holds {only_point[0]!r} beside {only_comma[0]!r}: write all with decimal points")
    either = [text for text, (point, comma) in readings.items() if None not in (point, comma) and point != comma]
    style = POINT if only_point else COMMA if only_comma else _fitting(either, fits, commas)
    _check_groups(either, [*only_point, *only_comma], style)
    return {text: value for text in texts if (value := style.read(text)) is not None}


def _fitting(either: Sequence[str], fits: Fits | None, commas: bool) -> Style:
    """Return the style of texts that each can be read in two, such as 1,234."""
    if not commas and not any("," in text for text in either):
        return POINT
    styles = [style for style in (POINT, COMMA) if fits and all(_fits(style, text, fits) for text in either)]
    if len(styles) != 1 and either:
        raise _unclear(either[0])
    return styles[0] if len(styles) == 1 else POINT


def _fits(style: Style, text: str, fits: Fits) -> bool:
    value = style.read(text)
    return value is not None and fits(value)


def _check_groups(either: Sequence[str], plain: Sequence[str], style: Style) -> None:
    """Refuse 1,234 among 987.5: nobody knows whether somebody groups digits, or writes decimals otherwise."""
    if not plain or any(style.grouping in text for text in plain):
        return
    for text in either:
        if style.grouping in text:
            raise _unclear(text)


def _unclear(text: str) -> ValueError:
    readings = " or ".join(f"{style.read(text):.10g}" for style in (POINT, COMMA))
    return ValueError(
        f"holds {text!r}, which may be {readings}: write numbers with decimal points and without thousands separators"
    )
