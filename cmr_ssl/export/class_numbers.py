"""Which classes a training set for other programs has, and how its label maps number them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import BACKGROUND, CLASSES, UNLABELLED

IGNORE = "ignore"  # nnU-Net's name of pixels that do not count


class ClassNumbers(NamedTuple):
    """The classes of a training set: 0 is the background, then they count from 1, and the last number is ignored."""

    classes: tuple[int, ...]  # of `anatomy`, in their order

    @property
    def ignored(self) -> int:
        """Number of pixels that do not count."""
        return len(self.classes) + 1

    def names(self, ignored: bool) -> dict[str, int]:
        """Return name to number of all classes, with that of pixels that do not count if there are any."""
        numbers = {CLASSES[value]: number for number, value in enumerate((BACKGROUND, *self.classes))}
        return numbers | ({IGNORE: self.ignored} if ignored else {})

    def numbered(self, labels: NDArray[np.uint8], annotated: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Return label maps with these numbers.

        Background of a slice on which one of the classes was not annotated may be that class, so it does not count.

        Args:
            labels: classes of `anatomy`, 255 where nobody labelled, (X, Y, S).
            annotated: classes that somebody drew on each slice, (S, C).
        """
        table = np.full(256, BACKGROUND, dtype=np.uint8)
        table[UNLABELLED] = self.ignored
        table[[*self.classes]] = np.arange(1, self.ignored)
        made = table[labels]
        partial = ~annotated[:, [*self.classes]].all(axis=1)
        made[(made == BACKGROUND) & partial] = self.ignored
        return made


def chosen_classes(names: Sequence[str] | None, drawn: Iterable[frozenset[int]]) -> ClassNumbers:
    """Return the classes with these names, or without names those that at least half of the subjects have.

    Args:
        names: of `anatomy.CLASSES`, without background; None for the usual ones.
        drawn: classes that are annotated on the short axis, of each subject.

    Raises:
        ValueError: if there is no such class, or none at all.
    """
    if names is not None:
        unknown = sorted({*names} - {*CLASSES[1:]})
        if unknown or not names:
            raise ValueError(f"classes {', '.join(unknown) or 'without a name'}: choose among {', '.join(CLASSES[1:])}")
        return ClassNumbers(tuple(sorted({CLASSES.index(name) for name in names})))
    subjects = [*drawn]
    counts = Counter(value for classes in subjects for value in classes if value != BACKGROUND)
    usual = sorted(value for value, count in counts.items() if 2 * count >= len(subjects))
    if not usual:
        raise ValueError("no class is annotated in half of the subjects: name those you want with --classes")
    return ClassNumbers(tuple(usual))
