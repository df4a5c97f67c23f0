"""Phenotypes and regional measures as columns whose names carry their units, and the dictionary that explains them."""

import re
from collections.abc import Iterable

from cmr_ssl.cohort.columns import FIELDS, unit_of
from cmr_ssl.measures import Value

IN_NAMES = {"%": "percent", "L/min": "L_per_min", "mL/s": "mL_per_s", "1/s": "per_s", "kg/m2": "kg_per_m2"}
AHA = (
    ("basal", ("anterior", "anteroseptal", "inferoseptal", "inferior", "inferolateral", "anterolateral")),
    ("mid", ("anterior", "anteroseptal", "inferoseptal", "inferior", "inferolateral", "anterolateral")),
    ("apical", ("anterior", "septal", "inferior", "lateral")),
)
SEGMENTS = (*(f"{level} {wall}" for level, walls in AHA for wall in walls), "apex")
SIMPSON = "Simpson's sum of short-axis slices times their spacing"
AREA_LENGTH = "area-length method, 8 A1 A2 / (3 pi L)"
MEANINGS = {
    "EDV": ("end-diastolic volume", SIMPSON),
    "ESV": ("end-systolic volume", SIMPSON),
    "V max": ("largest volume of the beat", AREA_LENGTH),
    "V min": ("smallest volume of the beat", AREA_LENGTH),
    "SV": ("stroke volume", "largest - smallest volume"),
    "EF": ("ejection fraction", "100 stroke volume / largest volume"),
    "CO": ("cardiac output", "stroke volume x heart rate / 1000"),
    "M": ("myocardial mass at ED", f"{SIMPSON}, x 1.05 g/mL"),
}
CHAMBERS = {"LV": "left ventricle", "RV": "right ventricle", "LA": "left atrium", "RA": "right atrium"}
Line = dict[str, str]


def column(name: str, unit: str) -> str:
    """Return a column's name: words joined by underscores, the unit last."""
    bare = re.sub(r"\s*\([^()]*\)\s*$", "", name) if unit else name
    words = re.findall(r"[A-Za-z0-9]+", bare)
    return "_".join([*words, *([IN_NAMES.get(unit, re.sub(r"[^A-Za-z0-9]+", "_", unit))] if unit else [])])


def phenotype_column(name: str) -> str:
    """Return the column of a phenotype by its name in the field, such as LVEDV_mL for `LVEDV (mL)`."""
    return column(name, unit_of(name))


def regional_column(one: Value) -> str:
    """Return the column of a regional measure, such as wall_thickness_ED_segment_01_mm."""
    where = f"segment {int(one.segment):02d}" if one.segment.isdecimal() else one.segment
    return column(f"{one.measure} {one.phase} {where}", one.unit)


def dictionary(names: Iterable[str], regional: Iterable[Value]) -> list[Line]:
    """Return one line a column: its name, unit, meaning, and how it is measured."""
    lines = [{"column": "subject", "unit": "", "meaning": "id of the subject", "how": ""}]
    for name in names:
        meaning, how = meaning_of(name)
        lines.append({"column": phenotype_column(name), "unit": unit_of(name), "meaning": meaning, "how": how})
    for one in regional:
        where = f"{one.segment} ({SEGMENTS[int(one.segment) - 1]})" if one.segment.isdecimal() else one.segment
        meaning = f"{one.measure}, {where}, {one.phase}"
        lines.append({"column": regional_column(one), "unit": one.unit, "meaning": meaning, "how": "docs/measures.md"})
    return lines


def meaning_of(name: str) -> tuple[str, str]:
    """Return in words what a phenotype is and how it is measured on label maps; of others, its own name."""
    bare = re.sub(r"\s*\([^()]*\)\s*$", "", name)
    if name in FIELDS and bare[:2] in CHAMBERS and bare[2:] in MEANINGS:
        meaning, how = MEANINGS[bare[2:]]
        return f"{CHAMBERS[bare[:2]]}: {meaning}", how
    return bare, ""
