"""Dice and outline distances of predicted and true label maps.

Unlabelled pixels, planes and structures do not count, nor do planes where nothing but the structure is labelled: false
positives are invisible there. An absent structure is never averaged in as a perfect score, and a missed one has no
distance, but counts as missed.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from monai.metrics import compute_dice
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt
from torch import Tensor

from cmr_ssl.anatomy import BACKGROUND, CLASSES, UNLABELLED

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

STRUCTURES = range(1, len(CLASSES))
ALL_VIEWS = "all"
ROW = ["structure", "view", "phase"]


class Score(NamedTuple):
    """One structure on one plane at one frame.

    Attributes:
        subject: the id.
        view: name of the view.
        plane: position among the subject's planes.
        frame: from 0.
        phase: ED, ES or other.
        structure: name of the class.
        dice: 0 to 1; 0 where only one of prediction and truth shows the structure.
        hd95_mm: 95th percentile of the Hausdorff distance in mm, NaN where only one shows it.
        assd_mm: average symmetric surface distance in mm, NaN where only one shows it.
        missed: whether the truth shows it and the prediction does not.
    """

    subject: str
    view: str
    plane: int
    frame: int
    phase: str
    structure: str
    dice: float
    hd95_mm: float
    assd_mm: float
    missed: bool


class _Pair(NamedTuple):
    """A structure on a plane at a frame, predicted and true, (H, W) each."""

    plane: int
    frame: int
    structure: int
    predicted: Mask
    true: Mask


def scores(
    predicted: Labels,
    true: Labels,
    annotated: Mask,
    views: Sequence[str],
    spacing_mm: NDArray[np.floating] | float,
    phases: dict[int, str],
    subject: str,
) -> list[Score]:
    """Compare the label maps of one subject, structure by structure.

    Args:
        predicted: classes of `anatomy`, (P, T, H, W).
        true: the same, UNLABELLED pixels do not count, (P, T, H, W).
        annotated: annotated classes of each plane; others are not compared, (P, C).
        views: name of the view of each plane, P of them.
        spacing_mm: pixel size of each plane, (column step, row step) as from ``planes.spacing``, (P, 2).
        phases: frames to compare and the names of their phases.
        subject: the id.

    Returns:
        A score for each structure that prediction or truth shows.
    """
    pairs = list(_pairs(predicted, true, annotated, phases))
    if not pairs:
        return []
    steps = np.broadcast_to(np.asarray(spacing_mm, dtype=np.float64), (len(true), 2))[:, ::-1]  # rows come first
    predicted_masks = torch.from_numpy(np.stack([pair.predicted for pair in pairs])[:, None])  # (N, 1, H, W)
    true_masks = torch.from_numpy(np.stack([pair.true for pair in pairs])[:, None])
    dice = compute_dice(predicted_masks, true_masks, ignore_empty=False)[:, 0].tolist()
    compared = []
    for pair, overlap in zip(pairs, dice, strict=True):
        distances = outline_distances(pair.predicted, pair.true, steps[pair.plane])
        place = subject, views[pair.plane], pair.plane, pair.frame, phases[pair.frame], CLASSES[pair.structure]
        compared.append(Score(*place, overlap, *distances, missed=not pair.predicted.any()))
    return compared


def summarise(scores: Sequence[Score]) -> pd.DataFrame:
    """Return one row for each structure, view and phase, and for each structure and phase over all views.

    Dice and distances are averaged over the planes of each subject first, then over subjects; SD is that of subjects.
    `missed` counts planes.
    """
    table = pd.DataFrame(scores, columns=Score._fields)
    table["structure"] = pd.Categorical(table["structure"], CLASSES, ordered=True)
    both = pd.concat([table, table.assign(view=ALL_VIEWS)])
    measures = ["dice", "hd95_mm", "assd_mm"]
    of_subject = both.groupby([*ROW, "subject"], observed=True)[measures].mean().groupby(ROW, observed=True)
    columns = {
        "N subjects": of_subject.size(),
        "dice mean": of_subject["dice"].mean(),
        "dice SD": of_subject["dice"].std(),
        "hd95_mm": of_subject["hd95_mm"].mean(),
        "assd_mm": of_subject["assd_mm"].mean(),
        "missed": both.groupby(ROW, observed=True)["missed"].sum().astype(int),
    }
    return pd.DataFrame(columns).reset_index().astype({"structure": str})


def dice_per_structure(predicted: Tensor, true: Tensor, annotated: Tensor) -> Tensor:
    """Return the Dice of each subject's structures, all planes and frames together, without waiting for the device.

    Args:
        predicted: classes of `anatomy`, (B, P, T, H, W).
        true: the same, UNLABELLED pixels do not count, (B, P, T, H, W).
        annotated: annotated classes of each plane, (B, P, C).

    Returns:
        (B, C - 1), without the background; NaN where the truth does not show a structure, or nothing else.
    """
    labelled = true != UNLABELLED
    dice = []
    for structure in STRUCTURES:
        others = (labelled & (true != structure)).any(dim=-1, keepdim=True).any(dim=-2, keepdim=True)
        counted = labelled & others & annotated[:, :, structure, None, None, None]
        guess, truth = (predicted == structure) & counted, (true == structure) & counted
        both, positive, real = (mask.flatten(1).sum(dim=1).float() for mask in (guess & truth, guess, truth))  # (B,)
        dice.append(torch.where(real > 0, 2 * both / (positive + real), torch.nan))
    return torch.stack(dice, dim=1)


def _pairs(predicted: Labels, true: Labels, annotated: Mask, phases: dict[int, str]) -> Iterator[_Pair]:
    """Yield the annotated structures that prediction or truth shows."""
    for plane, frame in np.ndindex(true.shape[:2]):
        labelled = true[plane, frame] != UNLABELLED
        if frame not in phases or not labelled.any():
            continue
        guess = np.where(labelled, predicted[plane, frame], BACKGROUND)
        for structure in STRUCTURES:
            pair = _Pair(plane, frame, structure, guess == structure, true[plane, frame] == structure)
            others = (labelled & ~pair.true).any()
            if annotated[plane, structure] and others and (pair.predicted.any() or pair.true.any()):
                yield pair


def outline_distances(predicted: Mask, true: Mask, steps: NDArray[np.float64]) -> tuple[float, float]:
    """Return the distances between the outlines of two masks (H, W), or the surfaces of two (S, H, W).

    They equal the Hausdorff distance (95th percentile) and the average symmetric surface distance of `monai.metrics`,
    but each outline is computed once, which takes a tenth of the time.

    Args:
        predicted: mask.
        true: mask.
        steps: between rows and columns in mm, (2,), or between slices, rows and columns, (3,).

    Returns:
        HD95 and ASSD in mm; NaN where a mask is empty.
    """
    if not (predicted.any() and true.any()):
        return float("nan"), float("nan")
    outlines = [mask & ~binary_erosion(mask) for mask in (predicted, true)]
    fields = [distance_transform_edt(~outline, sampling=steps) for outline in outlines]
    to_true, to_predicted = fields[1][outlines[0]], fields[0][outlines[1]]
    hd95 = max(np.percentile(to_true, 95), np.percentile(to_predicted, 95))
    return hd95, float(np.concatenate([to_true, to_predicted]).mean())
