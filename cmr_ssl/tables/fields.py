"""Descriptions of the columns of a patient table: their kind, name, field id and coding."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cmr_ssl.cohort.columns import field_of, normalised, phenotype_of

Code = int | float | str
IMAGING = 2  # the first visit with imaging


@dataclass(frozen=True)
class Column:
    """A field of any kind.

    Attributes:
        name: of the column, and of the field in messages and outputs.
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
        """Raise ValueError if there are fewer than two classes."""
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
        """Raise ValueError if names are repeated or targets unknown."""
        counts = Counter(field.name for field in (*self.readable, *self.days))
        for name, count in counts.items():
            if count > 1:
                raise ValueError(f"field {name!r} is described twice: give each field one name")
        for name in self.targets:
            if name not in counts:
                raise ValueError(f"targets name {name!r}, which is no field of the description")

    @property
    def readable(self) -> list[Number | YesNo | Category]:
        """Fields that have a value: numbers, then yes or no, then categories."""
        return [*self.numbers, *self.yes_no, *self.categories]

    @property
    def names(self) -> list[str]:
        """Names of `readable`."""
        return [field.name for field in self.readable]

    @property
    def names_and_ids(self) -> list[str]:
        """Names and field ids of `readable`."""
        return [*self.names, *(str(field.ukb) for field in self.readable if field.ukb is not None)]

    @property
    def classes(self) -> list[int]:
        """How many classes each yes or no and each category has, in their order."""
        return [2] * len(self.yes_no) + [len(category.classes) for category in self.categories]

    def at_visit(self, visit: int) -> "Fields":
        """Return the description with fields of the first visit with imaging at another `visit`."""
        return self._changed(
            lambda field: replace(field, visit=visit) if field.visit == IMAGING else field, self.targets
        )

    def without(self, names: Iterable[str]) -> "Fields":
        """Return the description without the fields that mean the same as one of `names`."""
        removed = list(names)
        targets = [name for name in self.targets if not any(same_field(name, other) for other in removed)]
        return self._changed(lambda field: None if _among(field, removed) else field, targets)

    def _changed(self, change: Callable[[Any], Any], targets: list[str]) -> "Fields":
        """Return the description with every field changed, without those that become None."""
        groups: dict[str, Sequence[Column]] = {
            "numbers": self.numbers,
            "yes_no": self.yes_no,
            "categories": self.categories,
            "days": self.days,
        }
        changed = {kind: [new for field in group if (new := change(field))] for kind, group in groups.items()}
        return Fields(**changed, targets=targets)


def same_field(first: str, second: str) -> bool:
    """Tell whether two names mean the same field: in other spelling, or as name and field id of a phenotype."""
    fields = field_of(first), field_of(second)
    if fields[0] and fields[1]:
        return fields[0].number == fields[1].number
    phenotype = phenotype_of(first)
    return normalised(first) == normalised(second) or (phenotype is not None and phenotype == phenotype_of(second))


def _among(field: Column, names: list[str]) -> bool:
    ids = [field.name] if field.ukb is None else [field.name, str(field.ukb)]
    return any(same_field(own, name) for own in ids for name in names)
