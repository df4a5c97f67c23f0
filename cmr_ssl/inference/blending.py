"""Planes told by a model and by what lies next to them.

A model knows hearts; the slices beside a place know this heart's finest details, the better the nearer they are. So
what the model misses in the acquired slices is carried on to the planes between and beside them:

    told(x) = model(x) + carried(coarse residual, x) + carried(fine residual, x)

Coarse residuals, smoothed in their plane, belong together over a longer distance than fine ones, among them noise. How
far either is carried is found without labels: every acquired plane of the very heart is left out in turn and told from
the others. Where interpolating the stack does better than any of that, the stack is interpolated.
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

COARSE_MM = 3.5  # standard deviation of the smoothing that parts coarse residuals from fine ones
REACHES_MM = (0.0, 3.0, 5.0, 8.0, 14.0, 25.0, inf)
FINE_MM = (0.0, 3.0, 5.0, 8.0)
SMOOTH_MM = (0.0, 14.0, 25.0, inf)  # at 14 mm, residuals fall by 6 % between slices 10 mm apart: no lines are seen
WORTH = 0.95  # of the error of interpolation, which keeps textures as they are, is to be left for a model to be asked
AT_ONCE = 8  # planes in memory together
MOST = 8  # planes of a kind that are left out in turn; more tell hardly more


class Reach(NamedTuple):
    """How far residuals are carried from slice to slice.

    Attributes:
        coarse_mm: over which coarse residuals fall to 1/e; 0 for not at all.
        fine_mm: the same of fine ones.
        model: whether the model tells anything; else the acquired slices are interpolated.
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
# Best of synthetic hearts with 5 and 10 mm between slices; for hearts whose planes tell nothing.
USUAL = {True: Reach(14.0, 5.0), False: Reach(14.0, 0.0)}


class Told(NamedTuple):
    """All that is known of one plane.

    Attributes:
        model: what the model tells, (T, H, W).
        slices: what the acquired slices next to it show; None without a stack, as the others.
        coarse: what of that the model misses, smoothed.
        fine: the rest of what it misses.
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
        missed = self.coarse.carried(reach.coarse_mm) + self.fine.carried(reach.fine_mm)
        return (self.model + missed).clamp(0, 1)


def tell(task: PretrainingTask, heart: Sample, shown: Tensor, affine: Tensor) -> Iterator[Told]:
    """Yield what is known of planes anywhere in a heart.

    Args:
        task: whose positions are anatomical.
        heart: a batch of one.
        shown: the planes from which it is told, (P,) bool.
        affine: pixel (column, row, 0, 1) of the wanted planes to mm in the heart frame, (Q, 4, 4).
    """
    seen = encode_shown(task, heart, shown)
    frames, height, width = heart.images.shape[2:]
    shape = frames, height, width
    stack = shown & is_short_axis_view(heart.view[0])
    slices = ReferencePlanes(heart.images[0, stack], heart.affine[0, stack], stack[stack])
    residuals = _residuals(slices, decode_seamlessly(task, seen, slices.affine, shape)) if stack.any() else ()
    for few in affine.split(AT_ONCE):
        for place, told in zip(few, decode_seamlessly(task, seen, few, shape), strict=True):
            with without_autocast(place.device):  # bfloat16 is too coarse for geometry
                yield Told(told, *(adjoining(one, place) for one in residuals))


def reaches(task: PretrainingTask, heart: Sample) -> dict[bool, Reach]:
    """Return how far residuals of a heart are carried to other slices (True) and to long-axis planes (False).

    Args:
        task: whose positions are anatomical.
        heart: a batch of one.
    """
    slices, alone = is_short_axis_view(heart.view[0]), bool(heart.present[0].sum() == 1)
    found: dict[bool, Reach] = {}
    for kind in (True, False):
        planes = (heart.present[0] & (slices == kind)).nonzero().flatten()
        some = planes[torch.linspace(0, len(planes) - 1, min(MOST, len(planes))).round().long()]
        errors = [errors_without(task, heart, plane) for plane in some.tolist() if not alone]
        found[kind] = best_reach(errors, kind)
    return found


def errors_without(task: PretrainingTask, heart: Sample, plane: int) -> Tensor:
    """Return the mean squared error of each candidate for a plane told from all others, (C,)."""
    told, kind = told_without(task, heart, plane), bool(is_short_axis_view(heart.view[0, plane]))
    return torch.stack([(told.blended(one) - heart.images[0, plane]).square().mean() for one in candidates(kind)])


def candidates(between_slices: bool) -> tuple[Reach, ...]:
    """Return what may be chosen for other slices, or for planes that cut across the stack."""
    return BETWEEN_SLICES if between_slices else ACROSS_SLICES


def told_without(task: PretrainingTask, heart: Sample, plane: int) -> Told:
    """Return what all other planes of a heart, one at least, tell of one of them."""
    others = heart.present[0].clone()
    others[plane] = False
    (told,) = tell(task, heart, others, heart.affine[0, plane : plane + 1])
    return told


def best_reach(errors: list[Tensor], between_slices: bool) -> Reach:
    """Return the candidate with the smallest error, (C,) each, on average; interpolation where hardly any is better."""
    if not errors:
        return USUAL[between_slices]
    mean = torch.stack(errors).mean(dim=0)
    best = int(mean.argmin())
    return candidates(between_slices)[best] if mean[best] <= WORTH * mean[-1] else INTERPOLATED


def cines_at(task: PretrainingTask, heart: Sample, affine: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return what planes anywhere in a heart show over the beat, (Q, T, H, W), on the scale of prepared planes.

    Args:
        task: whose positions are anatomical.
        heart: a batch of one, all of whose planes are shown.
        affine: pixel (column, row, 0, 1) of the planes to mm in the heart frame, (Q, 4, 4).
    """
    places = torch.tensor(affine, dtype=torch.float32, device=heart.images.device)
    reach, kinds = reaches(task, heart), is_short_axis(places).tolist()
    asked = zip(tell(task, heart, heart.present[0], places), kinds, strict=True)
    return np.stack([(told.blended(reach[kind]) * 255).round().byte().cpu().numpy() for told, kind in asked])


def _residuals(slices: ReferencePlanes, told: Tensor) -> tuple[ReferencePlanes, ...]:
    """Return acquired slices, and what the model, which told them so (P, T, H, W), misses: coarse and fine."""
    missed = slices.images - told
    coarse = smoothed(missed, slices.affine)
    return slices, slices._replace(images=coarse), slices._replace(images=missed - coarse)


def smoothed(images: Tensor, affine: Tensor) -> Tensor:
    """Return planes (P, T, H, W) smoothed within their plane by `COARSE_MM`."""
    pixels = COARSE_MM / float(affine[0, :3, 0].norm())
    smooth = gaussian_filter(images.float().cpu().numpy(), (0, 0, pixels, pixels), mode="nearest")
    return torch.from_numpy(smooth).to(images.device)
