"""Which part of the complex signal an image shows: only the magnitude is a picture of the heart."""

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
    """Return the part that an image shows, empty for the magnitude and where nobody says.

    Args:
        image_type: values of ImageType, parted by backslashes; vendors name the part in the third or a later one.
        complex_component: what an enhanced object says of it: MAGNITUDE, PHASE, REAL, IMAGINARY or MIXED.
        of_ge: what `ge_part` says, which counts where the others are silent.
    """
    named = named_parts(image_type, complex_component) or ([of_ge] if of_ge else [])
    return "" if "magnitude" in named else next(iter(named), "")


def named_parts(image_type: str, complex_component: str = "") -> list[str]:
    """Return the parts that an image names, magnitude among them; none where it is silent. See `component`."""
    words = [word.strip().upper() for word in image_type.split("\\")[1:]]
    return _parts([complex_component.upper()]) or _parts(words)


def ge_part(creator: str, raw: bytes, little: bool = True) -> str:
    """Return the part that GE's private element (0043,102F) names, magnitude included; empty where it names none.

    Args:
        creator: who reserved the block of the element; empty where that was removed.
        raw: its value, a binary number or, where it was converted, a text.
        little: whether the low byte comes first.
    """
    text = raw.decode("latin-1").strip(" \0")
    number = int(text) if text.isascii() and text.isdigit() else int.from_bytes(raw[:2], "little" if little else "big")
    known = bool(raw) and (not creator or creator.upper() == GE_CREATOR)
    return GE_PARTS.get(number, "") if known else ""


def _parts(words: list[str]) -> list[str]:
    return [part for word in words for part, pattern in WORDS.items() if pattern.fullmatch(word)]
