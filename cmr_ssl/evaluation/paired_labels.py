"""Predicted and true label maps of the same subjects, on one grid and with the same frames."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import BACKGROUND, CLASSES, is_structure
from cmr_ssl.evaluation.paired_values import FIRST_FEW, SetAside
from cmr_ssl.sources.label_folder import LabelFolder, LabelledHeart, LabelledView
from cmr_ssl.sources.label_grids import ImageGrid, onto_grid

Labels = NDArray[np.uint8]


class PairedHeart(NamedTuple):
    """The label maps of one subject."""

    predicted: LabelledHeart
    true: LabelledHeart


class PairedView(NamedTuple):
    """One view on the grid of the truth.

    Attributes:
        predicted: classes, 255 where the predicted map does not reach, (T, S, Y, X).
        true: the same of the truth.
        affine: voxel of the truth to mm, (4, 4).
        classes: those that both numberings name, without the background.
        notes: what was turned, cropped or left out.
    """

    predicted: Labels
    true: Labels
    affine: NDArray[np.float64]
    classes: tuple[int, ...]
    notes: list[str]


@dataclass(frozen=True)
class PairedLabels:
    """Two folders of label maps of the same subjects."""

    predicted: LabelFolder  # predictions
    true: LabelFolder  # truth, whose frames may be unlabelled in part

    def subjects(self) -> tuple[list[str], list[SetAside]]:
        """Return the subjects of both folders, and which others there are.

        Raises:
            FileNotFoundError: if a folder is missing or holds no label map.
            ValueError: if they share no subject.
        """
        predicted, true = self.predicted.subjects(), self.true.subjects()
        shared = sorted({*predicted} & {*true})
        if not shared:
            raise ValueError(
                f"{self.predicted.folder} and {self.true.folder} share no subject: the names of the one are such as "
                f"{predicted[0]!r}, those of the other such as {true[0]!r}"
            )
        alone = [SetAside(subject, "", "there is no truth of it") for subject in predicted if subject not in {*shared}]
        more = [subject for subject in true if subject not in {*shared}]
        if more:
            few = ", ".join(more[:FIRST_FEW])
            alone.append(SetAside("", "", f"{len(more)} subjects of the truth were not predicted: {few}"))
        return shared, alone

    def fingerprint(self, subject: str) -> str:
        """Return a digest of both maps' files."""
        return f"{self.predicted.fingerprint(subject)}{self.true.fingerprint(subject)}"

    def read(self, subject: str) -> PairedHeart:
        """Read both; label maps that cannot be used are problems of their heart."""
        return PairedHeart(self.predicted.read(subject), self.true.read(subject))


def paired_view(predicted: LabelledView, true: LabelledView) -> PairedView:
    """Bring a predicted view onto the grid of the true one.

    Raises:
        ValueError: if it lies elsewhere, has other frames, or the numberings share no class; one sentence.
    """
    if predicted.oriented != true.oriented:
        one, other = ("prediction", "truth") if predicted.oriented else ("truth", "prediction")
        raise ValueError(f"the {one} says how it lies, the {other} does not: write both with the affine of the image")
    labels, truth = same_frames(predicted, true)
    grid = ImageGrid(true.map.affine, truth.T.shape[:3], (0, truth.shape[1]))
    try:
        placed, moved = onto_grid(labels.T, predicted.map.affine, grid)
    except ValueError as error:
        raise ValueError(f"the predicted map cannot be laid on the true one, taken for its image: {error}") from error
    mine, theirs = ({*map(CLASSES.index, view.classes.values())} - {BACKGROUND} for view in (predicted, true))
    if not mine & theirs:
        raise ValueError(f"the prediction numbers {_named(mine)}, the truth {_named(theirs)}: they share no class")
    notes = ["the predicted map was turned or cropped onto the grid of the true one"] if moved else []
    if predicted.frames and true.frames and (lost := sorted({*true.frames} - {*predicted.frames})):
        notes.append(f"frames {_listed(lost)} of the truth were not predicted")
    if theirs - mine:
        notes.append(f"the numbering of the prediction lacks {_named(theirs - mine)}, which is not compared")
    if mine - theirs and is_structure(np.where(np.isin(placed, [*(mine - theirs)]), placed, 0)).any():
        notes.append(f"the numbering of the truth lacks {_named(mine - theirs)}, which is not compared")
    return PairedView(np.ascontiguousarray(placed.T), truth, true.map.affine, tuple(sorted(mine & theirs)), notes)


def same_frames(predicted: LabelledView, true: LabelledView) -> tuple[Labels, Labels]:
    """Return the classes of both at the same frames, (T, S, Y, X) each; raise ValueError if those are unknown.

    Where both tell their frames, those of both are compared; where one does and the other is the cine, these frames.
    """
    labels, truth = predicted.map.labels, true.map.labels
    numbers = [view.frames for view in (predicted, true)]
    if numbers[0] is not None and numbers[1] is not None:
        shared = sorted({*numbers[0]} & {*numbers[1]})
        if not shared:
            raise ValueError(f"the prediction shows frames {_listed(numbers[0])}, the truth {_listed(numbers[1])}")
        return labels[[numbers[0].index(one) for one in shared]], truth[[numbers[1].index(one) for one in shared]]
    if len(labels) == len(truth):
        return labels, truth
    if numbers[0] is not None and max(numbers[0]) < len(truth):
        return labels, truth[[*numbers[0]]]
    if numbers[1] is not None and max(numbers[1]) < len(labels):
        return labels[[*numbers[1]]], truth
    raise ValueError(
        f"the prediction has {len(labels)} frames and the truth {len(truth)}, so which show the same moment is "
        "unknown: store both with the frames of the image, or name ed_frame and es_frame of a pair"
    )


def _listed(frames: Iterable[int]) -> str:
    return ", ".join(map(str, frames))


def _named(classes: set[int]) -> str:
    return ", ".join(CLASSES[index] for index in sorted(classes)) or "nothing"
