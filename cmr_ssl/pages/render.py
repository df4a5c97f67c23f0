"""From templates to pages: each page is one file that needs neither network nor scripts."""

from base64 import b64encode
from functools import cache
from math import isfinite
from typing import NamedTuple
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

import cmr_ssl
from cmr_ssl.pages.cines import view_title

DASH = "–"  # noqa: RUF001  (of unknown values)
RESEARCH = "Research software, not a medical device: not for diagnosis or treatment."
SYNTHETIC = "The model has only seen synthetic hearts: how wrong it is about real ones nobody knows."


class Provenance(NamedTuple):
    """Origin of the numbers of all pages."""

    reference: str  # source of the reference values in words; "" without any
    lines: list[tuple[str, str]]  # names and values for the foot of every page
    synthetic: bool  # whether the model was trained on synthetic hearts only


@cache
def environment() -> Environment:
    """Return the environment of the templates, which escapes all text that is not marked as markup."""
    made = Environment(
        loader=PackageLoader("cmr_ssl.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "link": quote, "view": view_title}
    return made


def render(template: str, provenance: Provenance, **values: object) -> str:
    """Fill a template with values, notices, provenance and version."""
    notices = [RESEARCH, *([SYNTHETIC] if provenance.synthetic else [])]
    values |= {"notices": notices, "provenance": provenance, "version": cmr_ssl.__version__}
    return environment().get_template(template).render(**values)


def number(value: float, digits: int | None = None) -> str:
    """Return a number as text, of three significant digits or with `digits` after the point; a dash for NaN."""
    if not isfinite(value):
        return DASH
    if digits is None:
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}".replace("-", "−")  # noqa: RUF001  (a minus as wide as a digit)


def embedded(data: bytes, kind: str) -> str:
    """Return the data URL of a file of a media type such as image/webp."""
    return f"data:{kind};base64,{b64encode(data).decode()}"
