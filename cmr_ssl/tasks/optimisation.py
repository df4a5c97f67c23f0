"""How transformers are trained: AdamW or Muon, warm-up, cosine, no decay of biases, decay of the rate over layers."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from cmr_ssl.tasks.muon import Muon


@dataclass(frozen=True)
class Optimisation:
    """How a task is optimised.

    Attributes:
        learning_rate: peak rate, after warm-up.
        weight_decay: decay of matrices; biases, norms and tokens never decay.
        warmup: share of all steps over which the rate rises; the first step has a rate, too.
        betas: AdamW's two averages.
        encoder_factor: factor of the rate for the encoder; below 1 where a new head must learn faster than a pretrained
            encoder, above 1 where the head starts at a solution.
        layer_decay: factor of the rate from each encoder block to the one below it; 1 for pretraining.
        clip_norm: longest gradient; longer ones are shortened to it.
        studies: studies a step, of all devices and accumulated batches, for which the rate was chosen; see
            `for_studies`. None to take the rate as it is, whatever the batch.
        muon: whether the matrices of transformer blocks move by Muon instead of AdamW, at the same rate: pretraining
            learns more in as many steps. Its cost does not depend on the batch: by estimate 4 width / N of the products
            of a step with N tokens, of all studies on a device. Fine-tuning keeps to AdamW.
    """

    learning_rate: float = 1.5e-4
    weight_decay: float = 0.05
    warmup: float = 0.05
    betas: tuple[float, float] = (0.9, 0.95)
    encoder_factor: float = 1.0
    layer_decay: float = 1.0
    clip_norm: float = 1.0
    studies: int | None = None
    muon: bool = False

    def __post_init__(self) -> None:
        """Refuse values that cannot train.

        Raises:
            ValueError: naming the value.
        """
        for name in ("learning_rate", "encoder_factor", "clip_norm", "studies"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} must be above 0, got {value}")
        if not 0 <= self.warmup < 1:
            raise ValueError(f"warmup is a share of all steps, 0 to below 1, got {self.warmup}")
        if not 0 < self.layer_decay <= 1:
            raise ValueError(f"layer_decay must be above 0 and at most 1, got {self.layer_decay}")

    def for_studies(self, studies: int) -> "Optimisation":
        """Return the same for steps of so many studies: the rate times sqrt(studies / `self.studies`).

        A step of n times as many studies has a gradient of 1 / sqrt(n) of the noise. Adam divides by the size of the
        gradient, so its steps may be sqrt(n) times as long (Malladi et al. 2022, "On the SDEs and scaling rules for
        adaptive gradient algorithms", arXiv 2205.10287).
        """
        factor = math.sqrt(studies / (self.studies or studies))
        return replace(self, learning_rate=self.learning_rate * factor, studies=studies)


def layers_above(name: str, depth: int) -> int:
    """Return how many blocks lie above a parameter: 0 for heads and the encoder's norm, depth + 1 at the bottom.

    Args:
        name: the parameter's name in the task.
        depth: number of encoder blocks.
    """
    if not name.startswith("encoder.") or name.startswith("encoder.norm."):
        return 0
    block = re.match(r"encoder\.blocks\.(\d+)\.", name)
    return depth - int(block.group(1)) if block else depth + 1


def decays(name: str, parameter: nn.Parameter) -> bool:
    """Tell whether a parameter is a matrix or kernel, which decays, and not a bias, norm, token or reach.

    Layers call theirs `weight`; a matrix of one row, the head of a single target, is one, and a token, whose shape is
    (1, 1, D), is none.
    """
    return name.rpartition(".")[2] == "weight" and parameter.ndim > 1


def in_blocks(name: str, parameter: nn.Parameter) -> bool:
    """Tell whether a parameter is a matrix of a transformer block, one that maps features to features."""
    return ".blocks." in name and parameter.ndim == 2 and decays(name, parameter)


def parameter_groups(task: nn.Module, depth: int, how: Optimisation) -> list[dict[str, Any]]:
    """Sort the trainable parameters of `task` into groups, one for each rate and decay, those that Muon moves apart."""
    groups: dict[tuple[float, float, bool], list[nn.Parameter]] = {}
    for name, parameter in trainable(task):
        rate = how.learning_rate * how.layer_decay ** layers_above(name, depth)
        rate *= how.encoder_factor if name.startswith("encoder.") else 1.0
        decay = how.weight_decay if decays(name, parameter) else 0.0
        groups.setdefault((rate, decay, how.muon and in_blocks(name, parameter)), []).append(parameter)
    return [
        {"params": members, "lr": rate, "weight_decay": decay, "muon": muon}
        for (rate, decay, muon), members in groups.items()
    ]


def trainable(task: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield the named parameters that want gradients."""
    return ((name, parameter) for name, parameter in task.named_parameters() if parameter.requires_grad)


def warmup_cosine(step: int, warmup: int, steps: int) -> float:
    """Return the factor f of the learning rate at step s, counted from 0, with warm-up w and S steps in all.

    f = (s + 1) / w for s < w, and f = (1 + cos(pi (s - w) / (S - w))) / 2 from then on, 0 from S.

    Args:
        step: how many steps were made before this one.
        warmup: steps over which the rate rises, 1 or more; the last of them has the peak rate.
        steps: of the whole run, more than `warmup`.
    """
    if step < warmup:
        return (step + 1) / warmup
    done = min(1.0, (step - warmup) / (steps - warmup))
    return (1 + math.cos(math.pi * done)) / 2


def optimiser(task: nn.Module, depth: int, how: Optimisation, steps: int, fused: bool) -> tuple[Optimizer, LRScheduler]:
    """Return the optimiser and the schedule `warmup_cosine` over `steps` of its steps, a share of which warms up."""
    optimizer = (Muon if how.muon else AdamW)(parameter_groups(task, depth, how), betas=how.betas, fused=fused)
    warmup = max(1, round(how.warmup * steps))
    return optimizer, LambdaLR(optimizer, partial(warmup_cosine, warmup=warmup, steps=max(steps, warmup + 1)))
