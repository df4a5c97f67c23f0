"""Numbers in the notations of different countries: decimal points and commas, digits in groups of three."""

import re
from collections.abc import Callable, Sequence
from math import isfinite

Plausible = Callable[[float], bool]
SEPARATORS = " '\u2019"  # of groups of digits in every notation; special spaces are plain ones by then


class Style:
    """A notation of numbers with a decimal sign and one that groups thousands."""

    def __init__(self, decimal: str, grouping: str) -> None:
        """Compile the pattern."""
        whole = rf"(?:\d+|[1-9]\d{{0,2}}([{grouping}{SEPARATORS}])\d{{3}}(?:\1\d{{3}})*)"
        self.decimal, self.grouping = decimal, grouping
        self.pattern = re.compile(rf"[+-]?(?:{whole}(?:[{decimal}]\d*)?|[{decimal}]\d+)(?:[eE][+-]?\d+)?")

    def read(self, text: str) -> float | None:
        """Return the number that a text means in this style, None if it means none."""
        if not self.pattern.fullmatch(text):
            return None
        value = float(re.sub(rf"[{self.grouping}{SEPARATORS}]", "", text).replace(self.decimal, "."))
        return value if isfinite(value) else None


POINT, COMMA = Style(".", ","), Style(",", ".")


def has_decimal_comma(text: str) -> bool:
    """Tell whether a text is a number with a decimal comma and nothing else."""
    return "," in text and POINT.read(text) is None and COMMA.read(text) is not None


def read_numerals(texts: Sequence[str], plausible: Plausible | None = None, commas: bool = False) -> dict[str, float]:
    """Return the numbers of one column, text to value; texts that are no numbers are left out.

    Args:
        texts: different ones.
        plausible: tells whether a number is possible; it decides whether 1,234 is 1234 or 1.234.
        commas: whether other columns of the table have decimal commas.

    Raises:
        ValueError: if the texts are in two styles or the style is ambiguous, quoting them in one clause.
    """
    readings = {text: (POINT.read(text), COMMA.read(text)) for text in texts}
    only_point = [text for text, (point, comma) in readings.items() if comma is None and point is not None]
    only_comma = [text for text, (point, comma) in readings.items() if point is None and comma is not None]
    if only_point and only_comma:
        raise ValueError(f"holds {only_point[0]!r} beside {only_comma[0]!r}: write all with decimal points")
    either = [text for text, (point, comma) in readings.items() if None not in (point, comma) and point != comma]
    style = POINT if only_point else COMMA if only_comma else _plausible_style(either, plausible, commas)
    unambiguous = [*only_point, *only_comma]
    if unambiguous and not any(style.grouping in text for text in unambiguous):
        for text in either:  # 1,234 among 987.5 may be grouped, or have another decimal sign
            if style.grouping in text:
                raise _ambiguous(text)
    return {text: value for text in texts if (value := style.read(text)) is not None}


def _plausible_style(either: Sequence[str], plausible: Plausible | None, commas: bool) -> Style:
    """Return the style of texts that each can be read in two, such as 1,234."""
    if not commas and not any("," in text for text in either):
        return POINT
    styles = []
    for style in (POINT, COMMA) if plausible else ():
        values = [style.read(text) for text in either]
        if plausible and all(value is not None and plausible(value) for value in values):
            styles.append(style)
    if len(styles) != 1 and either:
        raise _ambiguous(either[0])
    return styles[0] if len(styles) == 1 else POINT


def _ambiguous(text: str) -> ValueError:
    readings = " or ".join(f"{style.read(text):.10g}" for style in (POINT, COMMA))
    return ValueError(
        f"holds {text!r}, which may be {readings}: write numbers with decimal points and without thousands separators"
    )
