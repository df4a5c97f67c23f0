"""Leave each plane out in turn: how well does the rest of the heart tell what it shows?"""

from collections.abc import Iterator
from math import isnan
from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics.image import StructuralSimilarityIndexMeasure

from cmr_ssl.devices import without_autocast
from cmr_ssl.inference.blending import best_reach, errors_without, told_without
from cmr_ssl.inference.comparators import ReferencePlanes, heights, interpolated, is_short_axis_view, nearest
from cmr_ssl.inference.decoding import decode_own_planes, encode_shown, hearts
from cmr_ssl.metrics import psnr
from cmr_ssl.planes import VIEWS
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.pretraining import PretrainingTask

REGIONS = ("base", "mid", "apex")  # thirds of the slices


class Quality(NamedTuple):
    """How well a plane was told: PSNR in dB and SSIM over all its frames; NaN where nothing told it."""

    psnr: float
    ssim: float


class LeftOut(NamedTuple):
    """One plane of one heart, told from all others.

    Attributes:
        plane: its index in the sample.
        view: name of its view.
        region: base, mid or apex, thirds of the slices; the view of a long-axis plane.
        position: where the middle of the slice stands in the stack, 0 base to 1 apex; NaN in long-axis planes.
        true: the plane, (T, H, W), 0 to 1.
        predicted: what the rest of the heart says, (T, H, W), 0 to 1.
    """

    plane: int
    view: str
    region: str
    position: float
    true: Tensor
    predicted: Tensor


def each_left_out(task: PretrainingTask, heart: Sample) -> Iterator[LeftOut]:
    """Yield every plane of a batch of one, told from the others; none where there is only one plane."""
    present, view = heart.present[0], heart.view[0]
    position = positions(heart)
    for plane in present.nonzero().flatten().tolist() if present.sum() > 1 else []:
        wanted = torch.zeros_like(present)
        wanted[plane] = True
        predicted = decode_own_planes(task, heart, encode_shown(task, heart, present & ~wanted), wanted)[0]
        at, name = float(position[plane]), VIEWS[view[plane]]
        yield LeftOut(plane, name, region(name, at), at, heart.images[0, plane], predicted)


def leave_one_out(task: PretrainingTask, batch: Sample) -> list[dict[str, object]]:
    """Measure how well each plane of each subject is told by the others, beside what copying and interpolating do.

    Args:
        task: in evaluation mode.
        batch: images as intensities 0 to 1, on the task's device.

    Returns:
        A row a plane: subject, view, region, position, and PSNR (dB) and SSIM over all frames of the model, the nearest
        plane of its kind copied, the short-axis stack interpolated, and model and stack blended.
    """
    with torch.inference_mode():
        return [row for heart in hearts(batch) for row in measured_and_blended(task, heart)]


def measured_and_blended(task: PretrainingTask, heart: Sample) -> list[dict[str, object]]:
    """Return the rows of one heart; how far a plane's neighbours reach is learnt from its other planes."""
    left_out = list(each_left_out(task, heart))
    errors = {one.plane: errors_without(task, heart, one.plane) for one in left_out}
    slices = is_short_axis_view(heart.view[0])
    rows = []
    for one in left_out:
        alike = [error for plane, error in errors.items() if plane != one.plane and slices[plane] == slices[one.plane]]
        told = told_without(task, heart, one.plane).blended(best_reach(alike, bool(slices[one.plane])))
        rows.append(measured(heart, one) | named("blended", quality(told, one.true)))
    return rows


def measured(heart: Sample, one: LeftOut) -> dict[str, object]:
    """Return the row of one plane; see `leave_one_out`."""
    planes = ReferencePlanes(heart.images[0], heart.affine[0], is_short_axis_view(heart.view[0]))
    there = heart.present[0].clone()
    there[one.plane] = False
    others, affine = planes.some(there), planes.affine[one.plane]
    with without_autocast(affine.device):  # bfloat16 is too coarse for geometry
        told = {
            "model": one.predicted,
            "nearest": nearest(others, affine, bool(planes.short_axis[one.plane])),
            "interpolated": interpolated(others, affine),
        }
        qualities = {name: quality(cine, one.true) for name, cine in told.items()}
    place: dict[str, object] = {"subject": heart.subject[0], "view": one.view}
    place |= {"region": one.region, "position": one.position}
    return place | {key: value for name, found in qualities.items() for key, value in named(name, found).items()}


def named(name: str, found: Quality) -> dict[str, float]:
    """Return a quality as columns of a row."""
    return {f"{name}_{what}": value for what, value in found._asdict().items()}


def quality(predicted: Tensor, true: Tensor) -> Quality:
    """Compare two cines (T, H, W) of intensities 0 to 1."""
    if predicted.isnan().any():
        return Quality(float("nan"), float("nan"))
    ssim = StructuralSimilarityIndexMeasure(data_range=1.0).to(true.device)(predicted[:, None], true[:, None])
    return Quality(float(psnr((predicted - true).square().mean())), float(ssim))


def positions(heart: Sample) -> Tensor:
    """Return where slices stand among the present ones of a batch of one, 0 base to 1 apex, NaN elsewhere, (P,)."""
    slices = (heart.present[0] & is_short_axis_view(heart.view[0])).nonzero().flatten()
    found = torch.full(heart.present[0].shape, torch.nan)
    order = heights(heart.affine[0, slices], *heart.images.shape[-2:]).argsort(descending=True)
    found[slices[order].cpu()] = (torch.arange(len(slices)) + 0.5) / max(1, len(slices))
    return found


def region(view: str, position: float) -> str:
    """Return which third of the stack a slice belongs to, or the view of a long-axis plane."""
    return view if isnan(position) else REGIONS[int(len(REGIONS) * position)]
