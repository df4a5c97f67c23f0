"""The component of the complex signal that an image shows: only the magnitude is a picture of the heart."""

import re

PHASE, REAL, IMAGINARY = "phase", "real", "imaginary"
WORDS = {
    "magnitude": re.compile(r"(M|MAG|MAGNITUDE)([ _].*)?"),
    PHASE: re.compile(r"(P|PHA|PHASE|PHASEMAP|VELOCITY)([ _].*)?"),
    REAL: re.compile(r"(R|REAL)([ _].*)?"),
    IMAGINARY: re.compile(r"(I|IMAG|IMAGINARY)([ _].*)?"),
}
GE_CREATOR, GE_PARTS = "GEMS_PARM_01", {0: "magnitude", 1: PHASE, 2: REAL, 3: IMAGINARY}


def component(image_type: str, complex_component: str = "", of_ge: str = "") -> str:
    """Return the component of an image, empty for the magnitude and where it is unknown.

    Args:
        image_type: values of ImageType, separated by backslashes; vendors name the component in the third or later.
        complex_component: of an enhanced object: MAGNITUDE, PHASE, REAL, IMAGINARY or MIXED.
        of_ge: result of `ge_part`, used if the others name none.
    """
    parts = named_parts(image_type, complex_component) or ([of_ge] if of_ge else [])
    return "" if "magnitude" in parts else next(iter(parts), "")


def named_parts(image_type: str, complex_component: str = "") -> list[str]:
    """Return the components that an image names, magnitude included; see `component`."""
    words = [word.strip().upper() for word in image_type.split("\\")[1:]]
    return _parts([complex_component.upper()]) or _parts(words)


def _parts(words: list[str]) -> list[str]:
    return [part for word in words for part, pattern in WORDS.items() if pattern.fullmatch(word)]


def ge_part(creator: str, raw: bytes, little: bool = True) -> str:
    """Return the component in GE's private element (0043,102F), magnitude included; empty for other values.

    Args:
        creator: owner of the element's block; empty where it was removed.
        raw: its value, a binary number or, after conversion, a text.
        little: whether the low byte comes first.
    """
    if not raw or creator.upper() not in ("", GE_CREATOR):
        return ""
    text = raw.decode("latin-1").strip(" \0")
    number = int(text) if text.isascii() and text.isdigit() else int.from_bytes(raw[:2], "little" if little else "big")
    return GE_PARTS.get(number, "")
