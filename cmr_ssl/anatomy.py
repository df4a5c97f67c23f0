"""Anatomical classes and how the field's label files number them."""

import numpy as np
from numpy.typing import NDArray

BACKGROUND, LV, MYOCARDIUM, RV, LA, RA = range(6)
CLASSES = ("background", "LV", "myocardium", "RV", "LA", "RA")
COLOURS = ((0, 0, 0), (230, 60, 60), (60, 200, 90), (80, 120, 255), (250, 200, 60), (200, 90, 230))  # in pictures
UNLABELLED = 255  # not annotated: loss and metrics leave such pixels out

SIX_CLASSES = {LV: LV, MYOCARDIUM: MYOCARDIUM, RV: RV, LA: LA, RA: RA}

# Label file stem -> view it belongs to and {value in the file: class}. The first file found of a view wins. Classes
# that a file does not number were not annotated in it: its zero means "none of these", not "background".
LABEL_FILES: dict[str, tuple[str, dict[int, int]]] = {
    "seg6_sa": ("sa", SIX_CLASSES),
    "seg6_la_2ch": ("la_2ch", SIX_CLASSES),
    "seg6_la_3ch": ("la_3ch", SIX_CLASSES),
    "seg6_la_4ch": ("la_4ch", SIX_CLASSES),
    "seg4_la_4ch": ("la_4ch", SIX_CLASSES),
    "seg_sa": ("sa", {1: LV, 2: MYOCARDIUM, 3: RV}),
    "seg_la_2ch": ("la_2ch", {1: LA}),
    "seg_la_4ch": ("la_4ch", {1: LA, 2: RA}),
}


def is_structure(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell which pixels are drawn as a structure, neither background nor unlabelled; in the shape of `labels`."""
    return (labels != BACKGROUND) & (labels != UNLABELLED)
