"""Find the column of a phenotype: by the field's names in any spelling, or UK Biobank's field ids in any style."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from typing import NamedTuple

SEX = 31  # asked once, at the first visit

# UK Biobank's field number, the field's name of the same phenotype, and its title in exports without numbers
PHENOTYPES = (
    (24100, "LVEDV (mL)", "LV end diastolic volume"),
    (24101, "LVESV (mL)", "LV end systolic volume"),
    (24102, "LVSV (mL)", "LV stroke volume"),
    (24103, "LVEF (%)", "LV ejection fraction"),
    (24104, "LVCO (L/min)", "LV cardiac output"),
    (24105, "LVM (g)", "LV myocardial mass"),
    (24106, "RVEDV (mL)", "RV end diastolic volume"),
    (24107, "RVESV (mL)", "RV end systolic volume"),
    (24108, "RVSV (mL)", "RV stroke volume"),
    (24109, "RVEF (%)", "RV ejection fraction"),
    (24110, "LAV max (mL)", "LA maximum volume"),
    (24111, "LAV min (mL)", "LA minimum volume"),
    (24112, "LASV (mL)", "LA stroke volume"),
    (24113, "LAEF (%)", "LA ejection fraction"),
    (24114, "RAV max (mL)", "RA maximum volume"),
    (24115, "RAV min (mL)", "RA minimum volume"),
    (24116, "RASV (mL)", "RA stroke volume"),
    (24117, "RAEF (%)", "RA ejection fraction"),
    (SEX, "Sex", ""),
    (21003, "Age", "Age when attended assessment centre"),
    (50, "Height (cm)", "Standing height"),
    (21002, "Weight (kg)", "Weight"),
    (21001, "BMI (kg/m2)", "Body mass index (BMI)"),
    (22426, "Heart rate (bpm)", "Average heart rate"),
)
FIELDS = {name: number for number, name, _ in PHENOTYPES}
TITLES = {title: number for number, _, title in PHENOTYPES if title}
TITLED = re.compile(r"(?P<title>.+?) \| Instance (?P<visit>\d+)(?: \| Array (?P<item>\d+))?")
STYLES = tuple(
    re.compile(style)
    for style in (
        r"(?P<number>\d+)",  # 24100
        r"(?P<number>\d+)-(?P<visit>\d+)\.(?P<item>\d+)",  # 24100-2.0
        r"f\.(?P<number>\d+)\.(?P<visit>\d+)\.(?P<item>\d+)",  # f.24100.2.0
        r"(?:participant\.)?p(?P<number>\d+)(?:_i(?P<visit>\d+))?(?:_a(?P<item>\d+))?",  # participant.p24100_i2
    )
)


class UkbField(NamedTuple):
    """A UK Biobank field as named by a column; `visit` is None where the name has none."""

    number: int
    visit: int | None
    item: int


@cache  # a header of ten thousand columns is searched for every phenotype
def field_of(name: str) -> UkbField | None:
    """Return the UK Biobank field that `name` means, None if it means none."""
    if (titled := TITLED.fullmatch(name.strip())) and titled["title"] in TITLES:
        return UkbField(TITLES[titled["title"]], int(titled["visit"]), int(titled["item"] or 0))
    for style in STYLES:
        if match := style.fullmatch(name.strip()):
            parts = match.groupdict()
            visit = parts.get("visit")
            return UkbField(int(parts["number"]), int(visit) if visit else None, int(parts.get("item") or 0))
    return None


@cache
def normalised(name: str) -> str:
    """Return `name` without case, spaces, underscores and brackets, which are spelt differently."""
    return re.sub(r"[^a-z0-9]", "", name.lower().replace("%", "percent"))


NUMBERED = {number: name for name, number in FIELDS.items()}
SPELLINGS = {normalised(spelling): name for name in FIELDS for spelling in (name, name.split("(")[0])}


@cache
def phenotype_of(name: str) -> str | None:
    """Return which of `FIELDS` a column holds by its name, in any spelling or as a field id; None for any other."""
    field = field_of(name)
    return NUMBERED.get(field.number) if field else SPELLINGS.get(normalised(name))


def unit_of(name: str) -> str:
    """Return the unit in the name of a column or of its phenotype; empty where there is none.

    What begins with a digit, as in "Score (10)", is none: it would be cut off the end of numbers.
    """
    unit = re.search(r"\(((?!\d)[^()\s.,+-][^()]*)\)\s*$", phenotype_of(name) or name)
    return unit[1] if unit else ""


def resolve(columns: Sequence[str], name: str, instance: int = 2) -> str:
    """Return the column of a phenotype or field.

    Args:
        columns: names of the columns of a table.
        name: one of them; or a name of `FIELDS` in any spelling, with or without its unit; or a field id.
        instance: visit of field ids without a visit; 2 is the first with imaging.

    Raises:
        ValueError: if no column or more than one matches.
    """
    matches = matching_columns(columns, name, instance)
    if len(matches) > 1:
        raise ValueError(
            f"{len(matches)} columns of the table may hold {name!r}, {' and '.join(map(repr, matches))}: name one of "
            "them exactly, and rename those that have the same name"
        )
    if not matches:
        near = [repr(column) for column in _nearest(columns, name)]
        hint = f"the nearest are {', '.join(near)}; name one of them exactly" if near else "name one that it has"
        raise ValueError(f"no column of the table holds {name!r}: {hint}")
    return matches[0]


def matching_columns(columns: Sequence[str], name: str, instance: int = 2) -> list[str]:
    """Return the columns with exactly this name, or else all that mean the same; see `resolve`."""
    if exact := [column for column in columns if column == name]:
        return exact
    phenotype, field = SPELLINGS.get(normalised(name)), field_of(name)
    if field is None and phenotype is not None:
        field = UkbField(FIELDS[phenotype], 0 if FIELDS[phenotype] == SEX else instance, 0)
    elif field is not None and field.visit is None:
        field = field._replace(visit=instance)
    fields = {field, field._replace(visit=None)} if field else set()  # a column without a visit has but one
    return [
        column
        for column in columns
        if (phenotype and SPELLINGS.get(normalised(column)) == phenotype) or field_of(column) in fields
    ]


def _nearest(columns: Sequence[str], name: str) -> list[str]:
    """Suggest columns: the field at another visit, else similar names."""
    field = field_of(name)
    number = field.number if field else FIELDS.get(SPELLINGS.get(normalised(name), ""))
    visits = [column for column in columns if (other := field_of(column)) and other.number == number]
    if visits:
        return visits[:3]
    spelt = {normalised(spelling): column for column in columns for spelling in (column, column.split("(")[0])}
    close = get_close_matches(normalised(name), spelt, n=6, cutoff=0.5)
    return list(dict.fromkeys(spelt[spelling] for spelling in close))[:3]
