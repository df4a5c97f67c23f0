"""Leave-one-out: predict each plane of a heart from all others, and measure how well."""

from collections.abc import Iterator
from math import isnan
from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics.image import StructuralSimilarityIndexMeasure

from cmr_ssl.devices import without_autocast
from cmr_ssl.inference.blending import best_reach, errors_without, estimate_without
from cmr_ssl.inference.comparators import ReferencePlanes, heights, interpolated, is_short_axis_view, nearest
from cmr_ssl.inference.decoding import decode_own_planes, encode_shown, hearts
from cmr_ssl.metrics import psnr
from cmr_ssl.planes import VIEWS
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.pretraining import PretrainingTask

REGIONS = ("base", "mid", "apex")  # thirds of the slices


class Quality(NamedTuple):
    """PSNR in dB and SSIM of a predicted plane over all its frames; NaN without a prediction."""

    psnr: float
    ssim: float


class LeftOut(NamedTuple):
    """One plane of one heart, predicted from all others.

    Attributes:
        plane: its index in the sample.
        view: name of its view.
        region: base, mid or apex, thirds of the slices; the view of a long-axis plane.
        position: of the middle of the slice in the stack, 0 base to 1 apex; NaN in long-axis planes.
        true: the plane, (T, H, W), 0 to 1.
        predicted: from the rest of the heart, (T, H, W), 0 to 1.
    """

    plane: int
    view: str
    region: str
    position: float
    true: Tensor
    predicted: Tensor


def each_left_out(task: PretrainingTask, heart: Sample) -> Iterator[LeftOut]:
    """Yield every plane of a batch of one, predicted from the others; none where there is only one plane."""
    present, view = heart.present[0], heart.view[0]
    stack_positions = positions(heart)
    for plane in present.nonzero().flatten().tolist() if present.sum() > 1 else []:
        left_out = torch.zeros_like(present)
        left_out[plane] = True
        predicted = decode_own_planes(task, heart, encode_shown(task, heart, present & ~left_out), left_out)[0]
        position, name = float(stack_positions[plane]), VIEWS[view[plane]]
        yield LeftOut(plane, name, region(name, position), position, heart.images[0, plane], predicted)


def leave_one_out(task: PretrainingTask, batch: Sample) -> list[dict[str, object]]:
    """Measure how well each plane of each subject is predicted from the others, beside copying and interpolating.

    Args:
        task: in evaluation mode.
        batch: images as intensities 0 to 1, on the task's device.

    Returns:
        A row a plane: subject, view, region, position, and PSNR (dB) and SSIM over all frames of the model, the nearest
        plane of its kind copied, the short-axis stack interpolated, and model and stack blended.
    """
    with torch.inference_mode():
        return [row for heart in hearts(batch) for row in heart_rows(task, heart)]


def heart_rows(task: PretrainingTask, heart: Sample) -> list[dict[str, object]]:
    """Return the rows of one heart; the reach of residuals at a plane is chosen by the other planes of its kind."""
    left_out = {plane.plane: plane for plane in each_left_out(task, heart)}
    errors = {index: errors_without(task, heart, index) for index in left_out}
    slices = is_short_axis_view(heart.view[0])
    rows = []
    for index, plane in left_out.items():
        others = [error for other, error in errors.items() if other != index and slices[other] == slices[index]]
        blended = estimate_without(task, heart, index).blended(best_reach(others, bool(slices[index])))
        rows.append(plane_row(heart, plane) | quality_columns("blended", quality(blended, plane.true)))
    return rows


def plane_row(heart: Sample, plane: LeftOut) -> dict[str, object]:
    """Return the row of one plane; see `leave_one_out`."""
    planes = ReferencePlanes(heart.images[0], heart.affine[0], is_short_axis_view(heart.view[0]))
    shown = heart.present[0].clone()
    shown[plane.plane] = False
    others, affine = planes.select(shown), planes.affine[plane.plane]
    with without_autocast(affine.device):  # bfloat16 is too coarse for geometry
        cines = {
            "model": plane.predicted,
            "nearest": nearest(others, affine, bool(planes.short_axis[plane.plane])),
            "interpolated": interpolated(others, affine),
        }
        row: dict[str, object] = {"subject": heart.subject[0], "view": plane.view}
        row |= {"region": plane.region, "position": plane.position}
        for name, cine in cines.items():
            row |= quality_columns(name, quality(cine, plane.true))
    return row


def quality_columns(name: str, plane_quality: Quality) -> dict[str, float]:
    """Return a quality as columns of a row."""
    return {f"{name}_{measure}": value for measure, value in plane_quality._asdict().items()}


def quality(predicted: Tensor, true: Tensor) -> Quality:
    """Compare two cines (T, H, W) of intensities 0 to 1."""
    if predicted.isnan().any():
        return Quality(float("nan"), float("nan"))
    ssim = StructuralSimilarityIndexMeasure(data_range=1.0).to(true.device)(predicted[:, None], true[:, None])
    return Quality(float(psnr((predicted - true).square().mean())), float(ssim))


def positions(heart: Sample) -> Tensor:
    """Return the positions of slices in the stack of a batch of one, 0 base to 1 apex, NaN for other planes, (P,)."""
    slices = (heart.present[0] & is_short_axis_view(heart.view[0])).nonzero().flatten()
    positions = torch.full(heart.present[0].shape, torch.nan)
    order = heights(heart.affine[0, slices], *heart.images.shape[-2:]).argsort(descending=True)
    positions[slices[order].cpu()] = (torch.arange(len(slices)) + 0.5) / max(1, len(slices))
    return positions


def region(view: str, position: float) -> str:
    """Return which third of the stack a slice belongs to, or the view of a long-axis plane."""
    return view if isnan(position) else REGIONS[int(len(REGIONS) * position)]
