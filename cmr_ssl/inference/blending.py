"""Planes predicted by a model and corrected by its residuals in the acquired slices next to them.

A model knows hearts in general; the acquired slices show the details of this heart, the better the nearer they are. The
residuals of the model in the acquired slices are therefore carried on to the planes between and beside them:

    blended(x) = model(x) + carried(coarse residual, x) + carried(fine residual, x)

Coarse residuals, smoothed in their plane, are correlated over a longer distance than fine ones, which include noise.
Both distances are chosen without labels: every acquired plane of this heart is left out in turn and predicted from the
others. Where interpolating the stack is better than any blend, the stack is interpolated.
"""

from collections.abc import Iterator
from math import inf
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor

from cmr_ssl.devices import without_autocast
from cmr_ssl.inference.comparators import Adjoining, ReferencePlanes, adjoining, is_short_axis_view
from cmr_ssl.inference.decoding import decode_seamlessly, encode_shown
from cmr_ssl.models.tokens import is_short_axis
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.pretraining import PretrainingTask

COARSE_MM = 3.5  # standard deviation of the smoothing that separates coarse residuals from fine ones
REACHES_MM = (0.0, 3.0, 5.0, 8.0, 14.0, 25.0, inf)
FINE_MM = (0.0, 3.0, 5.0, 8.0)
SMOOTH_MM = (0.0, 14.0, 25.0, inf)  # at 14 mm, residuals fall by 6 % between slices 10 mm apart: no lines are seen
WORTH = 0.95  # largest error of a blend, relative to interpolation, which keeps textures as they are
AT_ONCE = 8  # planes in memory together
MOST = 8  # planes of a kind that are left out in turn; more add little


class Reach(NamedTuple):
    """How far residuals are carried from slice to slice.

    Attributes:
        coarse_mm: distance over which coarse residuals fall to 1/e; 0 for no residuals.
        fine_mm: the same of fine ones.
        model: whether the model is used; else the acquired slices are interpolated.
    """

    coarse_mm: float
    fine_mm: float
    model: bool = True


INTERPOLATED = Reach(inf, inf, model=False)  # the last of all candidates
BETWEEN_SLICES = (
    *(Reach(coarse, fine) for coarse in REACHES_MM for fine in FINE_MM if fine <= coarse),
    Reach(inf, inf),
    INTERPOLATED,
)
ACROSS_SLICES = (
    *(Reach(coarse, fine) for coarse in SMOOTH_MM for fine in SMOOTH_MM if fine <= coarse),
    INTERPOLATED,
)
# Best for synthetic hearts with 5 and 10 mm between slices; for hearts of which no plane can be left out.
USUAL = {True: Reach(14.0, 5.0), False: Reach(14.0, 0.0)}


class PlaneEstimate(NamedTuple):
    """The parts of which a plane is blended.

    Attributes:
        model: prediction of the model, (T, H, W).
        slices: the acquired slices next to it; None without a stack, as the others.
        coarse: the model's residuals in those, smoothed.
        fine: the rest of the residuals.
    """

    model: Tensor
    slices: Adjoining | None = None
    coarse: Adjoining | None = None
    fine: Adjoining | None = None

    def blended(self, reach: Reach) -> Tensor:
        """Return the plane, (T, H, W), 0 to 1."""
        if self.slices is None or self.coarse is None or self.fine is None:
            return self.model
        if not reach.model:
            return self.slices.carried(inf)
        residual = self.coarse.carried(reach.coarse_mm) + self.fine.carried(reach.fine_mm)
        return (self.model + residual).clamp(0, 1)


def estimate_planes(task: PretrainingTask, heart: Sample, shown: Tensor, affine: Tensor) -> Iterator[PlaneEstimate]:
    """Yield estimates of planes anywhere in a heart.

    Args:
        task: whose positions are anatomical.
        heart: a batch of one.
        shown: the planes that the encoder sees, (P,) bool.
        affine: pixel (column, row, 0, 1) of the estimated planes to mm in the heart frame, (Q, 4, 4).
    """
    encoded = encode_shown(task, heart, shown)
    frames, height, width = heart.images.shape[2:]
    shape = frames, height, width
    stack = shown & is_short_axis_view(heart.view[0])
    slices = ReferencePlanes(heart.images[0, stack], heart.affine[0, stack], stack[stack])
    references: tuple[ReferencePlanes, ...] = ()
    if stack.any():
        residual = slices.images - decode_seamlessly(task, encoded, slices.affine, shape)  # (S, T, H, W)
        coarse = smoothed(residual, slices.affine)
        references = slices, slices._replace(images=coarse), slices._replace(images=residual - coarse)
    for few in affine.split(AT_ONCE):
        for plane_affine, predicted in zip(few, decode_seamlessly(task, encoded, few, shape), strict=True):
            with without_autocast(plane_affine.device):  # bfloat16 is too coarse for geometry
                yield PlaneEstimate(predicted, *(adjoining(planes, plane_affine) for planes in references))


def reaches(task: PretrainingTask, heart: Sample) -> dict[bool, Reach]:
    """Return the reaches of residuals of a batch of one to other slices (True) and to long-axis planes (False)."""
    slices, alone = is_short_axis_view(heart.view[0]), bool(heart.present[0].sum() == 1)
    best: dict[bool, Reach] = {}
    for is_slice in (True, False):
        planes = (heart.present[0] & (slices == is_slice)).nonzero().flatten()
        few = planes[torch.linspace(0, len(planes) - 1, min(MOST, len(planes))).round().long()]
        errors = [errors_without(task, heart, plane) for plane in few.tolist() if not alone]
        best[is_slice] = best_reach(errors, is_slice)
    return best


def errors_without(task: PretrainingTask, heart: Sample, plane: int) -> Tensor:
    """Return the mean squared error of each candidate for a plane estimated from all others, (C,)."""
    estimate = estimate_without(task, heart, plane)
    reaches = candidates(bool(is_short_axis_view(heart.view[0, plane])))
    return torch.stack([(estimate.blended(reach) - heart.images[0, plane]).square().mean() for reach in reaches])


def candidates(between_slices: bool) -> tuple[Reach, ...]:
    """Return the candidates for other slices, or for planes that cut across the stack."""
    return BETWEEN_SLICES if between_slices else ACROSS_SLICES


def estimate_without(task: PretrainingTask, heart: Sample, plane: int) -> PlaneEstimate:
    """Estimate a plane of a heart from all others, of which there must be one."""
    others = heart.present[0].clone()
    others[plane] = False
    (estimate,) = estimate_planes(task, heart, others, heart.affine[0, plane : plane + 1])
    return estimate


def best_reach(errors: list[Tensor], between_slices: bool) -> Reach:
    """Return the candidate with the smallest mean error, (C,) each; interpolation unless a blend is clearly better."""
    if not errors:
        return USUAL[between_slices]
    mean = torch.stack(errors).mean(dim=0)
    best = int(mean.argmin())
    return candidates(between_slices)[best] if mean[best] <= WORTH * mean[-1] else INTERPOLATED


def cines_at(task: PretrainingTask, heart: Sample, affine: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Synthesise planes anywhere in a heart over the beat, (Q, T, H, W) uint8, on the scale of prepared planes.

    Args:
        task: whose positions are anatomical.
        heart: a batch of one, all of whose planes are shown.
        affine: pixel (column, row, 0, 1) of the planes to mm in the heart frame, (Q, 4, 4).
    """
    affines = torch.tensor(affine, dtype=torch.float32, device=heart.images.device)
    reach, slices = reaches(task, heart), is_short_axis(affines).tolist()
    estimates = zip(estimate_planes(task, heart, heart.present[0], affines), slices, strict=True)
    cines = [estimate.blended(reach[is_slice]) * 255 for estimate, is_slice in estimates]
    return np.stack([cine.round().byte().cpu().numpy() for cine in cines])


def smoothed(images: Tensor, affine: Tensor) -> Tensor:
    """Return planes (P, T, H, W) smoothed within their plane by `COARSE_MM`."""
    pixels = COARSE_MM / float(affine[0, :3, 0].norm())
    smooth = gaussian_filter(images.float().cpu().numpy(), (0, 0, pixels, pixels), mode="nearest")
    return torch.from_numpy(smooth).to(images.device)
