"""What can be wrong with a study: planes missing at random, what has a name of its own, and flawed planes.

What happens to a subject depends on the seed and on the subject only, and a worse scenario contains the milder ones of
its kind: of five missing planes, three are those that are missing where three are.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from cmr_ssl.corruption import (
    Corruption,
    InPlaneShift,
    LowContrast,
    Mistriggering,
    MotionBlur,
    Noise,
    ThroughPlaneShift,
    WrapAround,
    WrongView,
    corrupt,
    draw_flaws,
)
from cmr_ssl.corruption.missing import drop_planes, ranks
from cmr_ssl.devices import without_autocast
from cmr_ssl.models.tokens import axis_height, is_short_axis
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import subject_seeds

RANDOM, NAMED, FLAWED = "missing at random", "by name", "flawed"
COUNTS = (1, 2, 3, 4, 6, 8, 10, 12)  # planes that are missing at random
FLAWED_PLANES = (1, 3, 5)
HALF, SWAPPED = "half of the planes", "two views swapped"
TURNED_DEGREES = 20.0
FLAWS: dict[str, Corruption] = {
    "mistriggered": Mistriggering(),
    "motion blur": MotionBlur(),
    "shifted in plane": InPlaneShift(),
    "shifted through plane": ThroughPlaneShift(),
    "low contrast": LowContrast(),
    "noise": Noise(),
    "wrap-around": WrapAround(),
}
SWAP = WrongView()


class Scenario(NamedTuple):
    """One thing that is wrong with every study.

    Attributes:
        kind: RANDOM, NAMED or FLAWED.
        name: what it is called.
        planes: how many planes it asks for, 0 where that follows from the study.
        apply: makes a batch (B, P, ...) what it would be.
    """

    kind: str
    name: str
    planes: int
    apply: Callable[[Sample], Sample]


def scenarios(most_planes: int, seed: int) -> Iterator[Scenario]:
    """Yield all scenarios for studies with room for `most_planes`; in the first one nothing is wrong."""
    yield Scenario(RANDOM, "all planes", 0, lambda batch: batch)
    for count in (count for count in COUNTS if count < most_planes):
        yield Scenario(RANDOM, f"{count} missing", count, partial(drop_any, seed=seed, count=_so_many(count)))
    yield Scenario(RANDOM, HALF, 0, partial(drop_any, seed=seed, count=lambda planes: planes // 2))
    yield Scenario(RANDOM, "all but one", 0, partial(drop_any, seed=seed, count=lambda planes: planes - 1))
    yield from _named(seed)
    for name, flaw in FLAWS.items():
        for count in FLAWED_PLANES:
            yield Scenario(FLAWED, name, count, partial(corrupt_planes, flaw=flaw, count=count, seed=seed))
    yield Scenario(FLAWED, SWAPPED, 0, partial(corrupt_planes, flaw=SWAP, count=1, seed=seed))


def drop_any(batch: Sample, seed: int, count: Callable[[Tensor], Tensor]) -> Sample:
    """Take planes away at random, so many as `count` says of the number of planes (B, 1); at least one stays."""
    planes = batch.present.sum(dim=1, keepdim=True)
    gone = torch.minimum(count(planes), planes - 1)
    return drop_planes(batch, ranks(draw_order(batch, seed), batch.present) < gone)


def drop_long_axis(batch: Sample) -> Sample:
    """Leave the short axis only."""
    return drop_planes(batch, ~is_short_axis(batch.affine))


def drop_short_axis(batch: Sample) -> Sample:
    """Leave the long axis only."""
    return drop_planes(batch, is_short_axis(batch.affine))


def drop_other_views(batch: Sample, seed: int) -> Sample:
    """Leave the short axis and one long-axis plane."""
    views = batch.present & ~is_short_axis(batch.affine)
    return drop_planes(batch, views & (ranks(draw_order(batch, seed), views) > 0))


def drop_end(batch: Sample, sign: int) -> Sample:
    """Take away a third of the slices, rounded up: those at the base for a `sign` of 1, at the apex for -1."""
    stack = batch.present & is_short_axis(batch.affine)
    third = (stack.sum(dim=1, keepdim=True) / 3).ceil()
    return drop_planes(batch, stack & (ranks(sign * axis_height(batch.affine), stack) < third))


def drop_every_second(batch: Sample) -> Sample:
    """Take away the second slice from the base, the fourth, and so on."""
    stack = batch.present & is_short_axis(batch.affine)
    return drop_planes(batch, stack & (ranks(axis_height(batch.affine), stack) % 2 == 1))


def drop_first_slice(batch: Sample) -> Sample:
    """Let the stack begin a slice lower: the first one was never acquired."""
    stack = batch.present & is_short_axis(batch.affine)
    return drop_planes(batch, stack & (ranks(axis_height(batch.affine), stack) < 1))


def rotate_patient(batch: Sample, degrees: float = TURNED_DEGREES) -> Sample:
    """Let the patient lie turned about the heart's long axis: the same planes lie elsewhere in its frame."""
    angle = torch.tensor(degrees).deg2rad()
    turned = torch.eye(4)
    turned[:2, :2] = torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
    with without_autocast(batch.affine.device):  # bfloat16 is too coarse for geometry
        return batch._replace(affine=turned.to(batch.affine) @ batch.affine)


def corrupt_planes(batch: Sample, flaw: Corruption, count: int, seed: int) -> Sample:
    """Give every subject a flaw at `count` planes that can have it, or at all of them where there are fewer."""
    possible = flaw.possible(batch)
    hit = possible & (ranks(draw_order(batch, seed), possible) < count)
    draws = draw_flaws(1, batch.images.shape[1], subject_seeds(batch.subject, seed, "flaws"))
    draws[:, 0, :, 0] = torch.where(hit.cpu(), 0.0, 1.0)  # below any rate, and above
    return batch._replace(images=corrupt([flaw], batch, draws))


def draw_order(batch: Sample, seed: int) -> Tensor:
    """Draw a number for each plane, (B, P), the same in all scenarios."""
    generator, planes = torch.Generator(), batch.present.shape[1]
    seeds = subject_seeds(batch.subject, seed, "order of planes")
    draws = [torch.rand(planes, generator=generator.manual_seed(one)) for one in seeds]
    return torch.stack(draws).to(batch.present.device)


def _named(seed: int) -> Iterator[Scenario]:
    yield Scenario(NAMED, "no long axis", 0, drop_long_axis)
    yield Scenario(NAMED, "one long-axis view", 0, partial(drop_other_views, seed=seed))
    yield Scenario(NAMED, "no basal third", 0, partial(drop_end, sign=1))
    yield Scenario(NAMED, "no apical third", 0, partial(drop_end, sign=-1))
    yield Scenario(NAMED, "every second slice", 0, drop_every_second)
    yield Scenario(NAMED, "long axis only", 0, drop_short_axis)
    yield Scenario(NAMED, "stack begins lower", 0, drop_first_slice)
    yield Scenario(NAMED, "patient lies turned", 0, rotate_patient)
    yield Scenario(NAMED, "only 3 planes", 0, partial(drop_any, seed=seed, count=lambda planes: planes - 3))


def _so_many(count: int) -> Callable[[Tensor], Tensor]:
    return lambda planes: torch.full_like(planes, count)
