"""How a data set names its files: which file is which view, and what the numbers in its label maps mean."""

from dataclasses import dataclass, field

from cmr_ssl.anatomy import CLASSES, LABEL_FILES
from cmr_ssl.planes import VIEWS


@dataclass(frozen=True)
class EdEs:
    """Two 3-D files instead of a cine: end-diastole and end-systole.

    Attributes:
        ed: file name of the end-diastolic stack.
        es: file name of the end-systolic stack; it may have fewer slices.
    """

    ed: str
    es: str


@dataclass(frozen=True)
class LabelFile:
    """One label map (or its ED and ES halves) and its numbering.

    Attributes:
        view: the view whose image grid it shares.
        file: file name, or the two names of an ED/ES pair.
        classes: value in the file to class name, one of ``anatomy.CLASSES``; zero stays background.
    """

    view: str
    file: str | EdEs
    classes: dict[int, str]

    def __post_init__(self) -> None:
        """Check names at once, so that a typo in a config stops before the first subject."""
        _check_views([self.view])
        unknown = sorted(set(self.classes.values()) - set(CLASSES))
        if unknown:
            raise ValueError(f"label file {self.file}: unknown classes {unknown}, choose from {list(CLASSES)}")


@dataclass(frozen=True)
class NiftiFiles:
    """The files of one subject's folder.

    Attributes:
        images: view name to the file of its cine, or to its ED/ES pair.
        labels: label maps; the first one found of a view wins.
    """

    images: dict[str, str | EdEs] = field(default_factory=lambda: {view: f"{view}.nii.gz" for view in VIEWS})
    labels: list[LabelFile] = field(default_factory=lambda: standard_labels())

    def __post_init__(self) -> None:
        """Check view names at once."""
        _check_views(self.images)
        if not self.images:
            raise ValueError(f"no image files are named: map at least one of the views {list(VIEWS)} to a file")


def standard_labels() -> list[LabelFile]:
    """Return the label files as the field names them."""
    return [
        LabelFile(view, f"{stem}.nii.gz", {value: CLASSES[index] for value, index in numbering.items()})
        for stem, (view, numbering) in LABEL_FILES.items()
    ]


def names(file: str | EdEs) -> tuple[str, ...]:
    """Return the one or two file names behind an entry."""
    return (file,) if isinstance(file, str) else (file.ed, file.es)


def _check_views(views: list[str] | dict[str, str | EdEs]) -> None:
    unknown = sorted(set(views) - set(VIEWS))
    if unknown:
        raise ValueError(f"unknown views {unknown} in the file mapping, choose from {list(VIEWS)}")
