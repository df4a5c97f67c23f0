"""Which lines are acquired: Cartesian patterns in (k_y, t).

Every pattern acquires the same number of lines in every frame, so shapes are static; acceleration is what one counts,
all lines over those acquired. The central lines are always among them.
"""

import math
from abc import ABC, abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cmr_ssl.devices import sent
from cmr_ssl.kspace.chance import entered, uniform

Weights = NDArray[np.float64]

GOLDEN = (math.sqrt(5) - 1) / 2  # of a line's gap: multiples of it fill the gap evenly, however many frames there are


class Sampling(ABC):
    """A pattern of lines."""

    def __init__(self, acceleration: float = 4.0, centre: int = 4, partial_fourier: float = 1.0) -> None:
        """Set how much is acquired.

        Args:
            acceleration: R, all lines over those acquired; round(lines / R) are acquired in every frame.
            centre: lines around k_y = 0 that are always acquired; fewer where fewer are acquired at all.
            partial_fourier: share of the lines, from the last one on, outside of which none but central ones is ever
                acquired; 1 for all of them, more than 0.5.

        Raises:
            ValueError: if a number makes no sense.
        """
        self.accelerate(acceleration)
        if centre < 0:
            raise ValueError(f"the number of central lines cannot be {centre}: give 0 or more")
        if not 0.5 < partial_fourier <= 1:
            raise ValueError(f"partial_fourier is a share above 0.5 and up to 1, got {partial_fourier}")
        self.centre, self.partial_fourier = centre, partial_fourier

    def accelerate(self, acceleration: float) -> None:
        """Set the acceleration, 1 or more.

        Raises:
            ValueError: if it is below 1.
        """
        if not acceleration >= 1:
            raise ValueError(f"an acceleration is 1 (all lines) or more, got {acceleration}")
        self.acceleration = acceleration

    def lines(self, rows: int) -> int:
        """Return how many of `rows` lines each frame acquires.

        Raises:
            ValueError: if there are not so many lines, or partial Fourier leaves too few.
        """
        count, allowed = round(rows / self.acceleration), self.allowed(rows)
        if self.acceleration > rows:
            raise ValueError(
                f"an acceleration of {self.acceleration:g} leaves less than one of {rows} lines: give {rows} at most"
            )
        if count > allowed:
            raise ValueError(
                f"an acceleration of {self.acceleration:g} asks for {count} of {rows} lines, but partial_fourier "
                f"{self.partial_fourier:g} leaves {allowed}: give {rows / allowed:.3g} or more"
            )
        return count

    def counted(self, rows: int) -> float:
        """Return the acceleration of planes with `rows` lines as one counts it, all over acquired."""
        return rows / self.lines(rows)

    def allowed(self, rows: int) -> int:
        """Return how many of `rows` lines partial Fourier leaves."""
        return math.ceil(rows * self.partial_fourier)

    def chances(self, rows: int) -> Weights:
        """Return how likely each line is acquired, (H,), which add up to `lines`; 1 for central lines.

        Chances in proportion to `density` that would be above 1 are 1, and the rest is shared by the others.
        """
        count = self.lines(rows)
        weights = self.density(rows) * (np.arange(rows) >= rows - self.allowed(rows))
        sure = np.zeros(rows, bool)
        sure[central(rows, min(self.centre, count))] = True
        while True:
            left = np.where(sure, 0.0, weights)
            share = left * max(0, count - sure.sum()) / max(left.sum(), 1e-300)
            if not (share >= 1 - 1e-9).any():
                return np.where(sure, 1.0, share)
            sure |= share >= 1 - 1e-9

    def density(self, rows: int) -> Weights:
        """Return how much more often some lines are acquired than others, (H,); all alike here."""
        return np.ones(rows)

    @abstractmethod
    def mask(self, draws: Tensor, frames: int, rows: int) -> Tensor:
        """Choose the lines.

        Args:
            draws: a uniform number in [0, 1) of each plane, (n,).
            frames: of a plane, T.
            rows: lines of a plane, H.

        Returns:
            True for lines that are acquired, (n, T, H).
        """


class Systematic(Sampling):
    """Base of patterns that step through the sum of the chances: one line a step, from an offset that frames differ in.

    Every line is acquired exactly as often as its chance says, exactly `lines` in every frame, with even gaps.
    """

    @abstractmethod
    def offsets(self, draws: Tensor, frames: int, rows: int) -> Tensor:
        """Return where in its first step each frame begins, (n, T), of which only the fraction counts."""

    def mask(self, draws: Tensor, frames: int, rows: int) -> Tensor:
        """Choose the lines in whose part of the sum a step ends, (n, T, H)."""
        chances = self.chances(rows)
        sure = chances >= 1
        sums = np.where(sure, 0.0, chances).cumsum()
        sums[sums >= sums[-1]] = round(sums[-1])  # exactly: the number of lines depends on it
        edges = sent(torch.from_numpy(np.concatenate([[0.0], sums])), draws.device)
        offsets = self.offsets(draws.double(), frames, rows)[..., None] % 1
        step = torch.floor(edges - offsets)
        return (step.diff(dim=-1) > 0) | sent(torch.from_numpy(sure), draws.device)


class UniformLines(Systematic):
    """Even gaps, beginning anywhere in each frame."""

    def offsets(self, draws: Tensor, frames: int, rows: int) -> Tensor:
        """Return an offset of its own for each frame."""
        return entered(uniform(draws.device), draws, frames).double()


class KtInterleaved(Systematic):
    """Even gaps that move on by one line from frame to frame (Tsao et al., k-t BLAST, MRM 2003)."""

    def offsets(self, draws: Tensor, frames: int, rows: int) -> Tensor:
        """Return offsets that differ by one line."""
        chance = self.chances(rows)
        line = float(chance[chance < 1].max(initial=0.0))
        return draws[:, None] + line * torch.arange(frames, device=draws.device)


class Dense(Sampling):
    """Base of patterns that are denser in the middle: exp(-((k - H / 2) / (H / 5))^2 / 2) + 1 / (2 R) (KMAE, 2024)."""

    def density(self, rows: int) -> Weights:
        """Return the published density, (H,)."""
        away = (np.arange(rows) - rows / 2) / (rows / 5)
        return np.exp(-(away**2) / 2) + 1 / (2 * self.acceleration)


class VistaLike(Dense, Systematic):
    """Denser in the middle, and spread over time as over k_y: frames begin a golden section apart.

    It serves what VISTA (Ahmad et al., MRM 2015) does, no gap that lasts, without its optimisation.
    """

    def offsets(self, draws: Tensor, frames: int, rows: int) -> Tensor:
        """Return offsets a golden section apart."""
        return draws[:, None] + GOLDEN * torch.arange(frames, device=draws.device)


class VariableDensity(Dense):
    """Lines drawn without replacement, independently in each frame: the published pattern of KMAE (Li et al., 2024)."""

    def mask(self, draws: Tensor, frames: int, rows: int) -> Tensor:
        """Choose the lines with the largest log density + Gumbel noise, which draws without replacement, (n, T, H)."""
        count = self.lines(rows)
        weights = self.density(rows) * (np.arange(rows) >= rows - self.allowed(rows))
        with np.errstate(divide="ignore"):
            weights[central(rows, min(self.centre, count))] = np.inf
            preference = sent(torch.from_numpy(np.log(weights)).float(), draws.device)
        numbers = entered(uniform(draws.device), draws, frames * rows).view(-1, frames, rows)
        gumbel = -torch.log(-torch.log(numbers.clamp(1e-7, 1 - 1e-7)))
        chosen = (preference + gumbel).topk(count, dim=-1).indices
        return torch.zeros_like(numbers, dtype=torch.bool).scatter(-1, chosen, True)


def central(rows: int, count: int) -> slice:
    """Return the `count` of `rows` lines around k_y = 0, which is line rows / 2."""
    first = rows // 2 - count // 2
    return slice(first, first + count)
