"""Masking: which tokens the encoder may see. Sample, then apply: all randomness comes in as noise.

Every masking gives each token a score; scores of composed maskings add up, and the tokens with the lowest sums are
visible. Their number is fixed, so shapes stay static however many planes are missing or dropped.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from cmr_ssl.models.tokens import Grid

HIDE = 1e3  # more than any sum of noise, so a hidden plane comes after every token of the others
ABSENT = 1e6  # more than any sum of HIDE, so tokens that do not exist come last of all


class Masking(ABC):
    """One rule of masking.

    Attributes:
        ranks_tokens: whether it tells the tokens of a plane apart; rules that only drop planes say False.
    """

    ranks_tokens: ClassVar[bool] = True

    @abstractmethod
    def scores(self, noise: Tensor, present: Tensor, affine: Tensor, needed_planes: int) -> Tensor:
        """Score tokens; the lowest stay visible.

        Args:
            noise: independent uniform numbers in [0, 1), (B, P, t, h, w).
            present: True for planes that exist, (B, P).
            affine: pixel to heart frame mm, (B, P, 4, 4); where a plane lies tells which one it is.
            needed_planes: planes that must stay to fill the budget of visible tokens.

        Returns:
            Scores that broadcast to the shape of `noise`.
        """


class Masked(NamedTuple):
    """Ids of the visible tokens, (B, K), and of the hidden ones, (B, N - K), of which some may not exist."""

    visible: Tensor
    hidden: Tensor


def visible_tokens(grid: Grid, mask_ratio: float) -> int:
    """Return the budget of visible tokens.

    Raises:
        ValueError: if nothing would be visible or nothing hidden.
    """
    count = round(grid.tokens * (1 - mask_ratio))
    if not 0 < count < grid.tokens:
        raise ValueError(
            f"mask_ratio {mask_ratio} leaves {count} of {grid.tokens} tokens visible: choose one between 0 and 1"
        )
    return count


def needed_planes(grid: Grid, visible: int) -> int:
    """Return how many planes must be present for `visible` tokens to exist."""
    return -(-visible // grid.per_plane)


def check_rate(what: str, rate: float) -> float:
    """Return a probability or share, or raise ValueError where it is none."""
    if not 0 <= rate <= 1:
        raise ValueError(f"{what} needs a rate between 0 and 1, got {rate}")
    return rate


def check_rules(maskings: Sequence[Masking]) -> None:
    """Raise ValueError where no rule chooses among the tokens of a plane, so that always the first would be visible."""
    if not any(masking.ranks_tokens for masking in maskings):
        named = ", ".join(type(masking).__name__ for masking in maskings) or "nothing"
        raise ValueError(
            f"model.masking names {named}, which chooses no tokens within planes: add a rule that does, for example "
            "cmr_ssl.masking.RandomMasking"
        )


def subject_draws(noise: Tensor, count: int) -> Tensor:
    """Return `count` uniform numbers of each subject, (B, count), that `hide_planes` does not use."""
    return noise.flatten(1)[:, -count:]


def hide_planes(dropped: Tensor, noise: Tensor, present: Tensor, needed_planes: int) -> Tensor:
    """Return scores that put planes out of reach of the others, but for as many as the budget needs, at least one.

    Where several rules together drop too much, whole planes come back, one after the other in random order.

    Args:
        dropped: planes to hide, (B, P).
        noise: that of the rule; the first number of a plane says how early it stays or comes back.
        present: True for planes that exist, (B, P).
        needed_planes: planes that must stay to fill the budget of visible tokens.

    Returns:
        Scores that broadcast over the tokens of a plane, (B, P, 1, 1, 1).
    """
    draw = noise[:, :, 0, 0, 0]
    staying = (draw + ~dropped).masked_fill(~present, -1.0)
    rank = staying.argsort(dim=1, descending=True).argsort(dim=1)
    hidden = dropped & (rank >= max(1, needed_planes))
    return (HIDE * hidden * (2 - draw))[:, :, None, None, None]


def mask(maskings: Sequence[Masking], noise: Tensor, present: Tensor, affine: Tensor, visible: int) -> Masked:
    """Choose the visible tokens.

    Args:
        maskings: the rules, composed by adding their scores.
        noise: uniform numbers in [0, 1), (B, rules, P, t, h, w); each rule has its own.
        present: True for planes that exist, (B, P).
        affine: pixel to heart frame mm, (B, P, 4, 4).
        visible: how many tokens stay visible.

    Returns:
        Visible and hidden ids.
    """
    grid = Grid(*noise.shape[2:])
    needed = needed_planes(grid, visible)
    absent = ~present[:, :, None, None, None]
    total = (ABSENT * absent).expand(-1, *grid)
    for rule, masking in enumerate(maskings):
        total = total + masking.scores(noise[:, rule], present, affine, needed)
    order = total.flatten(1).argsort(dim=1, stable=True)
    return Masked(order[:, :visible], order[:, visible:])


def draw_noise(rules: int, grid: Grid, seeds: Sequence[int]) -> Tensor:
    """Draw the noise of one batch on the host, (B, rules, P, t, h, w); sample b depends on its own seed only."""
    return draw_uniform((rules, *grid), seeds)


def draw_uniform(shape: Sequence[int], seeds: Sequence[int]) -> Tensor:
    """Draw uniform numbers in [0, 1) on the host, (B, *shape); those of sample b depend on its own seed only."""
    generator = torch.Generator()
    return torch.stack([torch.rand(*shape, generator=generator.manual_seed(seed)) for seed in seeds])
