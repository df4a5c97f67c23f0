"""Which part of the complex signal an image shows: only the magnitude is a picture of the heart."""

import re

PHASE, REAL, IMAGINARY = "phase", "real", "imaginary"
WORDS = {
    "magnitude": re.compile(r"(M|MAG|MAGNITUDE)([ _].*)?"),
    PHASE: re.compile(r"(P|PHA|PHASE|PHASEMAP|VELOCITY)([ _].*)?"),
    REAL: re.compile(r"(R|REAL)([ _].*)?"),
    IMAGINARY: re.compile(r"(I|IMAG|IMAGINARY)([ _].*)?"),
}


def component(image_type: str, complex_component: str = "") -> str:
    """Return the part that an image shows, empty for the magnitude and where nobody says.

    Args:
        image_type: values of ImageType, parted by backslashes; vendors name the part in the third or a later one.
        complex_component: what an enhanced object says of it: MAGNITUDE, PHASE, REAL, IMAGINARY or MIXED.
    """
    words = [word.strip().upper() for word in image_type.split("\\")[1:]]
    named = _parts([complex_component.upper()]) or _parts(words)
    return "" if "magnitude" in named else next(iter(named), "")


def _parts(words: list[str]) -> list[str]:
    return [part for word in words for part, pattern in WORDS.items() if pattern.fullmatch(word)]
