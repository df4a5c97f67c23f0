"""From templates to pages: everything in one file, nothing from a network, readable without scripts."""

from base64 import b64encode
from functools import cache
from math import isfinite
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from cmr_ssl.pages.cines import view_title

DASH = "–"  # noqa: RUF001  (what stands where nothing is known)


@cache
def environment() -> Environment:
    """Return the templates' environment, in which everything that is not marked as markup is a text."""
    made = Environment(
        loader=PackageLoader("cmr_ssl.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "link": quote, "view": view_title}
    return made


def render(template: str, **values: object) -> str:
    """Fill a template."""
    return environment().get_template(template).render(**values)


def number(value: float, digits: int | None = None) -> str:
    """Return a number for people: three significant digits or more, or so many behind the point; a dash for NaN."""
    if not isfinite(value):
        return DASH
    if digits is None:
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:.{digits}f}"
    return text.replace("-", "−")  # noqa: RUF001  (a minus as wide as a digit)


def embedded(data: bytes, kind: str) -> str:
    """Return a picture as the address of itself.

    Args:
        data: of the file.
        kind: such as image/webp.
    """
    return f"data:{kind};base64,{b64encode(data).decode()}"
