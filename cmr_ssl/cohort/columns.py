"""Which column of a table holds a phenotype: the field's names in any spelling, UK Biobank's field ids in any style."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from typing import NamedTuple

SEX = 31  # asked once, at the first visit

# the field's names, and the UK Biobank fields that hold the same
FIELDS = {
    "LVEDV (mL)": 24100,
    "LVESV (mL)": 24101,
    "LVSV (mL)": 24102,
    "LVEF (%)": 24103,
    "LVCO (L/min)": 24104,
    "LVM (g)": 24105,
    "RVEDV (mL)": 24106,
    "RVESV (mL)": 24107,
    "RVSV (mL)": 24108,
    "RVEF (%)": 24109,
    "LAV max (mL)": 24110,
    "LAV min (mL)": 24111,
    "LASV (mL)": 24112,
    "LAEF (%)": 24113,
    "RAV max (mL)": 24114,
    "RAV min (mL)": 24115,
    "RASV (mL)": 24116,
    "RAEF (%)": 24117,
    "Sex": SEX,
    "Age": 21003,
    "Height (cm)": 50,
    "Weight (kg)": 21002,
    "BMI (kg/m2)": 21001,
    "Heart rate (bpm)": 22426,
}

STYLES = tuple(
    re.compile(style)
    for style in (
        r"(?P<number>\d+)",  # 24100
        r"(?P<number>\d+)-(?P<visit>\d+)\.(?P<item>\d+)",  # 24100-2.0
        r"f\.(?P<number>\d+)\.(?P<visit>\d+)\.(?P<item>\d+)",  # f.24100.2.0
        r"(?:participant\.)?p(?P<number>\d+)(?:_i(?P<visit>\d+))?(?:_a(?P<item>\d+))?",  # participant.p24100_i2
    )
)


# how exports with titles instead of ids call them: "LV ejection fraction | Instance 2"
TITLES = {
    "LV end diastolic volume": 24100,
    "LV end systolic volume": 24101,
    "LV stroke volume": 24102,
    "LV ejection fraction": 24103,
    "LV cardiac output": 24104,
    "LV myocardial mass": 24105,
    "RV end diastolic volume": 24106,
    "RV end systolic volume": 24107,
    "RV stroke volume": 24108,
    "RV ejection fraction": 24109,
    "LA maximum volume": 24110,
    "LA minimum volume": 24111,
    "LA stroke volume": 24112,
    "LA ejection fraction": 24113,
    "RA maximum volume": 24114,
    "RA minimum volume": 24115,
    "RA stroke volume": 24116,
    "RA ejection fraction": 24117,
    "Age when attended assessment centre": 21003,
    "Standing height": 50,
    "Weight": 21002,
    "Body mass index (BMI)": 21001,
    "Average heart rate": 22426,
}
TITLED = re.compile(r"(?P<title>.+?) \| Instance (?P<visit>\d+)(?: \| Array (?P<item>\d+))?")


class Field(NamedTuple):
    """A UK Biobank field as a column's name tells; None where it does not tell the visit."""

    number: int
    visit: int | None
    item: int


@cache  # a header of ten thousand columns is searched for every phenotype
def field_of(name: str) -> Field | None:
    """Return the UK Biobank field that `name` means, None if it means none."""
    if (titled := TITLED.fullmatch(name.strip())) and titled["title"] in TITLES:
        return Field(TITLES[titled["title"]], int(titled["visit"]), int(titled["item"] or 0))
    for style in STYLES:
        if match := style.fullmatch(name.strip()):
            told = match.groupdict()
            visit = told.get("visit")
            return Field(int(told["number"]), int(visit) if visit else None, int(told.get("item") or 0))
    return None


@cache
def bare(name: str) -> str:
    """Return `name` without what people spell differently: case, spaces, underscores and brackets."""
    return re.sub(r"[^a-z0-9]", "", name.lower().replace("%", "percent"))


NUMBERED = {number: name for name, number in FIELDS.items()}
SPELLINGS = {bare(spelling): name for name in FIELDS for spelling in (name, name.split("(")[0])}


@cache
def phenotype_of(name: str) -> str | None:
    """Return which of `FIELDS` a column holds by its name, in any spelling or as a field id; None for any other."""
    field = field_of(name)
    return NUMBERED.get(field.number) if field else SPELLINGS.get(bare(name))


def unit_of(name: str) -> str:
    """Return the unit of a column as its name or the phenotype it holds tells; empty where none does.

    What begins with a digit, as in "Score (10)", is none: it would be taken off the end of numbers.
    """
    told = re.search(r"\(((?!\d)[^()\s.,+-][^()]*)\)\s*$", phenotype_of(name) or name)
    return told[1] if told else ""


def resolve(columns: Sequence[str], wanted: str, instance: int = 2) -> str:
    """Return the column that holds `wanted`.

    Args:
        columns: names of the columns of a table.
        wanted: one of them; or a name of `FIELDS`, however it is spelt, with or without its unit; or a field id.
        instance: visit that field ids without a visit mean; 2 is the first with imaging.

    Raises:
        ValueError: if no column or more than one holds it.
    """
    found = holders(columns, wanted, instance)
    if len(found) > 1:
        raise ValueError(
            f"{len(found)} columns of the table may hold {wanted!r}, {' and '.join(map(repr, found))}: name one of "
            "them exactly, and rename those that have the same name"
        )
    if not found:
        near = [repr(column) for column in _nearest(columns, wanted)]
        hint = f"the nearest are {', '.join(near)}; name one of them exactly" if near else "name one that it has"
        raise ValueError(f"no column of the table holds {wanted!r}: {hint}")
    return found[0]


def holders(columns: Sequence[str], wanted: str, instance: int = 2) -> list[str]:
    """Return the columns named `wanted`, or else all that mean the same, among which `resolve` would have to choose."""
    return [column for column in columns if column == wanted] or _alike(columns, wanted, instance)


def _alike(columns: Sequence[str], wanted: str, instance: int) -> list[str]:
    """Return the columns that mean what `wanted` means, under any name."""
    name, field = SPELLINGS.get(bare(wanted)), field_of(wanted)
    if field is None and name is not None:
        field = Field(FIELDS[name], 0 if FIELDS[name] == SEX else instance, 0)
    elif field is not None and field.visit is None:
        field = field._replace(visit=instance)
    same_name = {column for column in columns if name is not None and SPELLINGS.get(bare(column)) == name}
    return [column for column in columns if column in same_name or (field and _same(field_of(column), field))]


def _same(field: Field | None, wanted: Field) -> bool:
    """Tell whether a column's field is the wanted one; a column that tells no visit has but one."""
    return field is not None and field in (wanted, wanted._replace(visit=None))


def _nearest(columns: Sequence[str], wanted: str) -> list[str]:
    """Return columns somebody may have meant: the field at another visit, else similar names."""
    name, field = SPELLINGS.get(bare(wanted)), field_of(wanted)
    number = field.number if field else FIELDS.get(name or "")
    visits = [column for column in columns if (at := field_of(column)) and at.number == number]
    if visits:
        return visits[:3]
    spelt = {bare(spelling): column for column in columns for spelling in (column, column.split("(")[0])}
    close = get_close_matches(bare(wanted), spelt, n=6, cutoff=0.5)
    return list(dict.fromkeys(spelt[spelling] for spelling in close))[:3]
