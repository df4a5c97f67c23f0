"""Columns of phenotypes and regional measures, whose names carry their units, and the data dictionary."""

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


def bare_name(name: str) -> str:
    """Return a phenotype's name without its unit."""
    return re.sub(r"\s*\([^()]*\)\s*$", "", name) if unit_of(name) else name


def column(name: str, unit: str) -> str:
    """Return a column's name: words joined by underscores, the unit last."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    return "_".join([*words, *([IN_NAMES.get(unit, re.sub(r"[^A-Za-z0-9]+", "_", unit))] if unit else [])])


def phenotype_column(name: str) -> str:
    """Return the column of a phenotype by its name in the field, such as LVEDV_mL for `LVEDV (mL)`."""
    return column(bare_name(name), unit_of(name))


def regional_column(value: Value) -> str:
    """Return the column of a regional measure, such as wall_thickness_ED_segment_01_mm."""
    segment = f"segment {int(value.segment):02d}" if value.segment.isdecimal() else value.segment
    return column(f"{value.measure} {value.phase} {segment}", value.unit)


def dictionary(names: Iterable[str], regional: Iterable[Value]) -> list[dict[str, str]]:
    """Return one line a column: its name, unit, meaning, and how it is measured."""
    lines = [("subject", "", "id of the subject", "")]
    lines += [(phenotype_column(name), unit_of(name), *meaning_of(name)) for name in names]
    for value in regional:
        segment = value.segment
        segment += f" ({SEGMENTS[int(segment) - 1]})" if segment.isdecimal() else ""
        meaning = f"{value.measure}, {segment}, {value.phase}"
        lines.append((regional_column(value), value.unit, meaning, "docs/measures.md"))
    return [dict(zip(("column", "unit", "meaning", "how"), line, strict=True)) for line in lines]


def meaning_of(name: str) -> tuple[str, str]:
    """Return meaning and method of a phenotype measured on label maps; of others, the name alone."""
    bare = bare_name(name)
    if name in FIELDS and bare[:2] in CHAMBERS and bare[2:] in MEANINGS:
        meaning, method = MEANINGS[bare[2:]]
        return f"{CHAMBERS[bare[:2]]}: {meaning}", method
    return bare, ""
