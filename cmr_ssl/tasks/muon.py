"""Muon for the matrices of transformer blocks, AdamW for all other parameters, as one optimiser."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor
from torch.optim import AdamW

from cmr_ssl.devices import has_bfloat16

MOMENTUM = 0.95
COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the iteration; they bring singular values near to 1 in five rounds
ROUNDS = 5
SIZE = 0.2  # root mean square of what a step of rate 1 changes, about that of AdamW, so that its rates fit


class Muon(AdamW):
    """Moves matrices along their momentum made orthogonal, and everything else as AdamW does.

    With the gradient G of a matrix W of r rows and c columns, momentum M and rate l:

        M <- 0.95 M + 0.05 G;    W <- (1 - l decay) W - 0.2 l sqrt(max(r, c)) U V',    0.05 G + 0.95 M = U S V'

    All directions of a matrix so learn at one pace, where AdamW spends its steps on the few that dominate (Jordan et
    al. 2024, "Muon: an optimizer for hidden layers in neural networks"; scaled as by Liu et al., arXiv 2502.16982).
    `torch.optim.Muon` takes matrices alone, one at a time, and a Lightning task has one optimiser.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], betas: tuple[float, float], fused: bool) -> None:
        """Take AdamW's groups; those that say ``muon`` hold matrices.

        Args:
            groups: parameters with their ``lr``, ``weight_decay`` and ``muon``.
            betas: averages of AdamW.
            fused: whether AdamW runs in one kernel.
        """
        super().__init__(groups, betas=betas, fused=fused)

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Make one step; the gradients of matrices are spent by it."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            if group["muon"]:
                for alike in by_shape(group["params"]):
                    self.move(alike, group["lr"], group["weight_decay"])
                    for matrix in alike:
                        matrix.grad = None  # AdamW leaves alone what has none
        super().step()
        return loss

    def move(self, matrices: list[Tensor], rate: float, decay: float) -> None:
        """Move matrices of one shape."""
        gradients = [matrix.grad for matrix in matrices if matrix.grad is not None]
        momenta = [self.momentum(matrix) for matrix in matrices]
        torch._foreach_lerp_(momenta, gradients, 1 - MOMENTUM)
        ahead = torch.stack(torch._foreach_lerp(gradients, momenta, MOMENTUM))  # Nesterov's
        directions = list(orthogonal(ahead).to(ahead.dtype))
        torch._foreach_mul_(matrices, 1 - rate * decay)
        torch._foreach_add_(matrices, directions, alpha=-SIZE * rate * max(ahead.shape[1:]) ** 0.5)

    def momentum(self, matrix: Tensor) -> Tensor:
        """Return the momentum of a matrix, (rows, columns); it is part of what checkpoints keep."""
        state = self.state[matrix]
        if not state:
            state["step"] = torch.zeros(())  # AdamW looks for one when it is loaded
            state["momentum"] = torch.zeros_like(matrix)
        momentum: Tensor = state["momentum"]
        return momentum


def by_shape(parameters: Iterable[Tensor]) -> list[list[Tensor]]:
    """Return the parameters that have gradients, those of one shape together."""
    alike: defaultdict[torch.Size, list[Tensor]] = defaultdict(list)
    for parameter in parameters:
        if parameter.grad is not None:
            alike[parameter.shape].append(parameter)
    return [*alike.values()]


def orthogonal(matrices: Tensor) -> Tensor:
    """Return U V' of matrices U S V', nearly: singular values become 0.6 to 1.3, by a Newton-Schulz iteration.

    Args:
        matrices: (N, rows, columns).

    Returns:
        The same shape; bfloat16 where the device has it, as its authors do.
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x.to(torch.bfloat16 if has_bfloat16(x.device) else torch.float32)
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(ROUNDS):
        squared = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(squared, squared, squared, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x
