"""How the columns of a patient table are described: what they hold, under which name or field id, in which coding."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from cmr_ssl.cohort.columns import bare, field_of, phenotype_of

Code = int | float | str
IMAGING = 2  # the first visit with imaging


@dataclass(frozen=True)
class Column:
    """What all fields have.

    Attributes:
        name: of the column, and of the field in everything that is said of it.
        ukb: UK Biobank's field id, by which the column is found where none has that name.
        visit: of a column that is found by the id; blood was taken at the first visit, 0.
        unknown: codes in place of an answer, such as -1 and -3; empty cells and the usual marks need no mention.
    """

    name: str
    ukb: int | None = None
    visit: int = IMAGING
    unknown: list[Code] = field(default_factory=list)


@dataclass(frozen=True)
class Number(Column):
    """A number in a `unit`."""

    unit: str = ""


@dataclass(frozen=True)
class YesNo(Column):
    """Yes or no, as 1 and 0 or in words."""


@dataclass(frozen=True)
class Category(Column):
    """One of several `classes`, by their codes."""

    classes: list[Code] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse a category that tells nothing.

        Raises:
            ValueError: naming it.
        """
        if len({str(code) for code in self.classes}) < 2:
            raise ValueError(f"field {self.name!r} needs at least two classes, got {self.classes}")


@dataclass(frozen=True)
class Day(Column):
    """A date; empty where something did not happen."""


@dataclass(frozen=True)
class Fields:
    """The fields of a table that are used, by kind.

    Attributes:
        numbers: such as blood pressure.
        yes_no: such as a diagnosis.
        categories: such as smoking.
        days: such as the date of a diagnosis; no model reads them as they are.
        targets: names of those that are to be predicted from images, and so kept from what images are aligned with.
    """

    numbers: list[Number] = field(default_factory=list)
    yes_no: list[YesNo] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    days: list[Day] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse a description that contradicts itself.

        Raises:
            ValueError: naming what does.
        """
        names = [one.name for one in (*self.readable, *self.days)]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ValueError(f"field {twice[0]!r} is described twice: give each field one name")
        strange = [name for name in self.targets if name not in names]
        if strange:
            raise ValueError(f"targets name {strange[0]!r}, which is no field of the description")

    @property
    def readable(self) -> list[Number | YesNo | Category]:
        """Fields that have a value: numbers, then yes or no, then categories."""
        return [*self.numbers, *self.yes_no, *self.categories]

    @property
    def names(self) -> list[str]:
        """Names of `readable`."""
        return [one.name for one in self.readable]

    @property
    def names_and_ids(self) -> list[str]:
        """Names of `readable`, and under which field ids others may ask for the same."""
        return [*self.names, *(str(one.ukb) for one in self.readable if one.ukb is not None)]

    @property
    def classes(self) -> list[int]:
        """How many classes each yes or no and each category has, in their order."""
        return [2] * len(self.yes_no) + [len(one.classes) for one in self.categories]

    def without(self, names: Iterable[str]) -> "Fields":
        """Return the description without the fields that mean the same as one of `names`."""
        gone = list(names)
        return replace(
            self,
            numbers=[one for one in self.numbers if not _among(one, gone)],
            yes_no=[one for one in self.yes_no if not _among(one, gone)],
            categories=[one for one in self.categories if not _among(one, gone)],
            days=[one for one in self.days if not _among(one, gone)],
            targets=[name for name in self.targets if not any(same_field(name, other) for other in gone)],
        )


def same_field(one: str, other: str) -> bool:
    """Tell whether two names mean the same field: in other spelling, or as name and field id of a phenotype."""
    fields = field_of(one), field_of(other)
    if fields[0] and fields[1]:
        return fields[0].number == fields[1].number
    known = phenotype_of(one)
    return bare(one) == bare(other) or (known is not None and known == phenotype_of(other))


def _among(one: Column, names: list[str]) -> bool:
    ids = [one.name] if one.ukb is None else [one.name, str(one.ukb)]
    return any(same_field(own, name) for own in ids for name in names)
