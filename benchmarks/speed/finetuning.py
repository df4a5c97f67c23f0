"""A step of fine-tuning for phenotypes beside the published head, with the same encoder, data and optimiser."""

import json
from functools import partial

from lightning.pytorch.cli import LightningCLI

from benchmarks.speed.cost import measure, memory_row, speed_row
from benchmarks.speed.random_studies import grid
from benchmarks.speed.table import Row
from benchmarks.speed.training import CONFIG, ENCODERS, build, step_ends

BATCH = 2  # the smallest that phenotypes are learnt with


def tokens(planes: int) -> int:
    """Return the tokens of a study, of which each holds a whole beat."""
    return grid(planes).tokens // grid(1).frames


def described(planes: int, batch: int, config: str, *more: str) -> LightningCLI:
    """Return what a config of a task trains, on the encoder of `configs/pretraining.yaml`."""
    return build(planes, batch, CONFIG.with_name(config), more=[f"--model.encoder={ENCODERS / 'base.yaml'}", *more])


def task(planes: int, batch: int, *more: str) -> LightningCLI:
    """Return what `configs/phenotype.yaml` trains."""
    return described(planes, batch, "phenotype.yaml", *more)


def whole(planes: int, batch: int, *more: str) -> LightningCLI:
    """Return the same shown every token, where `task` hides most of them."""
    return task(planes, batch, "--model.masking=[]", "--model.mask_ratio=0", *more)


def published(planes: int, batch: int, *more: str) -> LightningCLI:
    """Return the same with the published head, to which every token must be shown."""
    head = {"class_path": "benchmarks.speed.published.FlattenedTokens", "init_args": {"tokens": tokens(planes)}}
    return whole(planes, batch, f"--model.pooling={json.dumps(head)}", *more)


def head_weights(run: LightningCLI) -> int:
    """Return how many weights of a task are not the encoder's."""
    every, encoder = (sum(one.numel() for one in part.parameters()) for part in (run.model, run.model.encoder))
    return every - encoder


def rows(planes: int, rounds: int) -> list[Row]:
    """Measure both heads, and ours also without what hiding tokens saves."""
    designs = (published, whole, task)
    theirs, all_shown, ours = (measure(partial(step_ends, one), planes, BATCH, rounds) for one in designs)
    heads = [f"{head_weights(made(planes, BATCH)) / 1e6:.2f}" for made in (published, task)]
    what = f"fine-tuning, {tokens(planes)} tokens, batch {BATCH}"
    return [
        speed_row(what, theirs, ours),
        speed_row("... shown every token", theirs, all_shown),
        memory_row(what, theirs, ours),
        memory_row("... shown every token", theirs, all_shown),
        Row("fine-tuning: weights of the head, millions", *heads),
    ]
