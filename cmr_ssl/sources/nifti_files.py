"""Which file shows which view, and what the numbers in label maps mean; every name may be a template (`file_names`)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated

from cmr_ssl.anatomy import CLASSES, LABEL_FILES
from cmr_ssl.planes import VIEWS
from cmr_ssl.sources.file_names import FRAME, SUBJECT, Facts, fill, placeholders, read_facts
from cmr_ssl.sources.label_values import checked_numbers

Number = Annotated[int, "a key as written: a plain int would accept 1.9 and true as 1"]


@dataclass(frozen=True)
class EdEs:
    """Two 3-D files instead of a cine: end-diastole and end-systole.

    Attributes:
        ed: file name of the end-diastolic stack.
        es: file name of the end-systolic stack; it may have fewer slices.
        ed_frame: of label maps that belong to a cine: the frame they show, counted from 1, or a template for it.
        es_frame: the same at end-systole.
    """

    ed: str
    es: str
    ed_frame: int | str | None = None
    es_frame: int | str | None = None

    def __post_init__(self) -> None:
        """Refuse only one frame of two."""
        if (self.ed_frame is None) != (self.es_frame is None):
            raise ValueError(f"{self.ed} and {self.es}: name both ed_frame and es_frame, or neither")


@dataclass(frozen=True)
class LabelFile:
    """One label map (or its ED and ES halves) and its numbering.

    Attributes:
        view: the view whose image grid it shares.
        file: file name, or the two names of an ED/ES pair.
        classes: value in the file to class name, one of ``anatomy.CLASSES``; zero stays background.
        unlabelled: value of pixels that nobody labelled, beside 255; nnU-Net's `ignore`.
    """

    view: str
    file: str | EdEs
    classes: dict[Number, str]
    unlabelled: int | None = None

    def __post_init__(self) -> None:
        """Refuse unknown views, classes and numbers."""
        _check_views([self.view])
        try:
            object.__setattr__(self, "classes", checked_numbers(self.classes))
            if self.unlabelled == 0 or self.unlabelled in self.classes:
                raise ValueError(f"{self.unlabelled} cannot be unlabelled, as it is a class")
        except ValueError as error:
            raise ValueError(f"label file {self.file}: {error}") from error

    def settings(self) -> dict[str, object]:
        """Return the label file as plain values, without what earlier versions did not have unless it is told."""
        return {name: value for name, value in asdict(self).items() if name != "unlabelled" or value is not None}

    def filled(self, facts: Facts) -> "LabelFile":
        """Return the label map of one subject, its templates filled in; raise ValueError if a fact is missing."""
        return replace(self, file=_filled(self.file, facts))


@dataclass(frozen=True)
class NiftiFiles:
    """The files of one subject's folder.

    Attributes:
        images: view name to the file of its cine, to its ED/ES pair, or to several of these, of which the first one
            that exists counts.
        labels: label maps; of a view, the first one that exists counts.
        facts: file in the subject's folder with the values of templates other than `{subject}`; None for none.
    """

    images: dict[str, str | EdEs | list[str | EdEs]] = field(
        default_factory=lambda: {view: f"{view}.nii.gz" for view in VIEWS}
    )
    labels: list[LabelFile] = field(default_factory=lambda: standard_labels())
    facts: str | None = None

    def __post_init__(self) -> None:
        """Refuse unknown views, no images, and templates without facts."""
        _check_views(self.images)
        if not self.images or [] in self.images.values():
            raise ValueError(f"no image files are named: map at least one of the views {list(VIEWS)} to a file")
        unknown = sorted(self._placeholders() - {SUBJECT, FRAME})
        if unknown and self.facts is None:
            raise ValueError(f"nothing tells {{{unknown[0]}}} in a file name: name the file that does as facts")

    def of_subject(self, folder: Path) -> "NiftiFiles":
        """Return the files of the subject with this folder, templates filled in.

        Raises:
            ValueError: if a fact that a template needs is missing; one sentence.
        """
        if not self._placeholders():
            return self
        facts = facts_of(folder, self.facts)
        images = {view: [_filled(file, facts) for file in alternatives(entry)] for view, entry in self.images.items()}
        return NiftiFiles({**images}, [label.filled(facts) for label in self.labels], self.facts)

    def image_names(self) -> list[str]:
        """Return the file names of all images."""
        return [name for entry in self.images.values() for file in alternatives(entry) for name in names_of(file)]

    def settings(self) -> dict[str, object]:
        """Return the mapping as plain values, without None: older caches lack those keys."""
        return asdict(self, dict_factory=lambda pairs: {name: value for name, value in pairs if value is not None})

    def _placeholders(self) -> set[str]:
        """Return the names that stand in templates."""
        files = [file for entry in self.images.values() for file in alternatives(entry)]
        files += [label.file for label in self.labels]
        return {name for file in files for template in _templates(file) for name in placeholders(template)}


def standard_labels() -> list[LabelFile]:
    """Return the label files as the field names them."""
    return [
        LabelFile(view, f"{stem}.nii.gz", {value: CLASSES[index] for value, index in numbering.items()})
        for stem, (view, numbering) in LABEL_FILES.items()
    ]


def facts_of(folder: Path, file: str | None) -> Facts:
    """Return the values of templates for the subject with this folder; raise ValueError if `file` cannot be read."""
    return {**(read_facts(folder / file) if file else {}), SUBJECT: folder.name}


def names_of(file: str | EdEs) -> tuple[str, ...]:
    """Return the one or two file names behind an entry."""
    return (file,) if isinstance(file, str) else (file.ed, file.es)


def alternatives(entry: str | EdEs | list[str | EdEs]) -> list[str | EdEs]:
    """Return the files of which the first one that exists shows a view."""
    return entry if isinstance(entry, list) else [entry]


def _templates(file: str | EdEs) -> list[str]:
    if isinstance(file, str):
        return [file]
    return [*names_of(file), *(frame for frame in (file.ed_frame, file.es_frame) if isinstance(frame, str))]


def _filled(file: str | EdEs, facts: Facts) -> str | EdEs:
    if isinstance(file, str):
        return fill(file, facts)
    ed, es = (fill(name, facts) for name in names_of(file))
    return EdEs(ed, es, _frame(file.ed_frame, facts), _frame(file.es_frame, facts))


def _frame(frame: int | str | None, facts: Facts) -> int | None:
    """Return the number of a frame, from 1."""
    if not isinstance(frame, str):
        return frame
    number = fill(frame, facts)
    if not number.isdecimal():
        raise ValueError(f"frame {frame!r} is {number!r}, which is no number")
    return int(number)


def _check_views(views: list[str] | Mapping[str, object]) -> None:
    unknown = sorted(set(views) - set(VIEWS))
    if unknown:
        raise ValueError(f"unknown views {unknown} in the file mapping, choose from {list(VIEWS)}")


FIELD_FILES = NiftiFiles()  # the default of every command
