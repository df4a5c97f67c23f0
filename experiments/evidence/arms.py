"""What a linear head is given: the arms of the probe tables. Every table has all of them."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

from cmr_ssl.checkpoints import fingerprint
from cmr_ssl.inference.pretrained import load_pretraining
from cmr_ssl.models import Landmarks
from cmr_ssl.models.completion import Completion
from cmr_ssl.probing import AsShipped, ClassToken, Joined, RawPixels, Readout, Tokens, WholeHeart
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.whole_heart import has_whole_heart
from experiments.features import untrained

RAW, UNTRAINED, TOKENS, SHIPPED = "raw pixels", "untrained tokens", "pretrained tokens", "pretrained, as shipped"
CLASS, WHOLE, BOTH = "pretrained class token", "pretrained whole heart", "pretrained tokens and whole heart"
CONTROLS = (RAW, UNTRAINED)
RAW_FRAMES = 8  # of the patches whose pixels are averaged; how a beat is cut changes nothing
UNTRAINED_SEEDS = (0, 1)

Build = Callable[[PretrainingTask, int], Readout]


class Source(NamedTuple):
    """An encoder, and what heads are given of it.

    Attributes:
        name: of the encoder in file names and tables.
        checkpoint: of a pretraining; of an untrained encoder only the description counts.
        arms: what is made of it, by name.
        untrained: seed of weights that stay as they were drawn; None for those of the checkpoint.
    """

    name: str
    checkpoint: Path
    arms: tuple[str, ...]
    untrained: int | None = None

    def task(self, device: torch.device) -> PretrainingTask:
        """Return the task on `device`, in evaluation mode."""
        task, _ = load_pretraining(self.checkpoint, device)
        if self.untrained is not None:
            task.encoder = untrained(self.checkpoint, self.untrained).to(device)
        return task


def controls(checkpoint: Path) -> list[Source]:
    """Return what every table has beside pretrained encoders: no network, and the same network untrained."""
    untrained = [Source(f"untrained-{seed}", checkpoint, (UNTRAINED,), seed) for seed in UNTRAINED_SEEDS]
    return [Source("none", checkpoint, (RAW,)), *untrained]


def pretrained(checkpoint: Path, *arms: str) -> Source:
    """Return a pretrained encoder, known by its weights, and what is made of it; everything where nothing is named."""
    every = (TOKENS, SHIPPED, CLASS, WHOLE, BOTH)
    return Source(f"{checkpoint.parents[1].name}-{fingerprint(checkpoint)}", checkpoint, arms or every)


def readouts(source: Source, task: PretrainingTask, frames: int) -> dict[str, Readout]:
    """Return the readouts of a source by arm; those that need a decoder only where it can tell."""
    able = {name: BUILD[name] for name in source.arms if name not in (WHOLE, BOTH) or has_whole_heart(task)}
    return {name: build(task, frames) for name, build in able.items()}


def around(task: PretrainingTask, frames: int) -> Landmarks:
    """Return landmarks that keep every time step of the encoder apart."""
    return Landmarks(beats=frames // task.encoder.patch[0]).to(task.device)


def completed(task: PretrainingTask, frames: int) -> WholeHeart:
    """Return what the decoder says of fixed places, in every time step of the encoder."""
    return WholeHeart(task.decoder, Completion(frames // task.encoder.patch[0]).to(task.device))


def as_shipped(task: PretrainingTask, frames: int) -> Readout:
    """Return what configs/phenotype.yaml reads."""
    pooled = AsShipped(around(task, frames))
    return Joined([pooled, completed(task, frames)]) if has_whole_heart(task) else pooled


BUILD: dict[str, Build] = {
    RAW: lambda task, frames: RawPixels(Landmarks(beats=frames // RAW_FRAMES).to(task.device), (RAW_FRAMES, 8, 8)),
    UNTRAINED: lambda task, frames: Tokens(around(task, frames)),
    TOKENS: lambda task, frames: Tokens(around(task, frames)),
    SHIPPED: as_shipped,
    CLASS: lambda task, frames: ClassToken(),
    WHOLE: completed,
    BOTH: lambda task, frames: Joined([Tokens(around(task, frames)), completed(task, frames)]),
}
