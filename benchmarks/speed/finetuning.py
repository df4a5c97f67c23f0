"""A step of fine-tuning for phenotypes beside the published head, with the same encoder, data and optimiser."""

import json

import yaml
from benchmarks.step import Cost, measure
from benchmarks.subjects import grid
from benchmarks.table import Row
from benchmarks.training import CONFIG, build, ends
from lightning.pytorch.cli import LightningCLI

BATCH = 2  # the smallest that phenotypes are learnt with


def tokens(planes: int) -> int:
    """Return the tokens of a study, of which each holds a whole beat."""
    return grid(planes).tokens // grid(1).frames


def task(planes: int, batch: int, *more: str) -> LightningCLI:
    """Return what `configs/phenotype.yaml` trains."""
    return described(planes, batch, "phenotype.yaml", *more)


def described(planes: int, batch: int, config: str, *more: str) -> LightningCLI:
    """Return what a config of a task trains, on the encoder of `configs/pretraining.yaml`."""
    encoder = yaml.safe_load(CONFIG.read_text())["model"]["init_args"]["encoder"]
    return build(planes, batch, CONFIG.with_name(config), more=[f"--model.encoder={json.dumps(encoder)}", *more])


def whole(planes: int, batch: int, *more: str) -> LightningCLI:
    """Return the same shown every token, where `task` hides most of them."""
    return task(planes, batch, "--model.masking=[]", "--model.mask_ratio=0", *more)


def published(planes: int, batch: int, *more: str) -> LightningCLI:
    """Return the same with the published head, to which every token must be shown."""
    head = {"class_path": "benchmarks.published.FlattenedTokens", "init_args": {"tokens": tokens(planes)}}
    return whole(planes, batch, f"--model.pooling={json.dumps(head)}", *more)


def our_ends(planes: int, batch: int, steps: int) -> list[float]:
    """Train our head for some steps and return when each ended, in seconds."""
    return ends(task(planes, batch), steps)


def whole_ends(planes: int, batch: int, steps: int) -> list[float]:
    """Train our head, shown every token, for some steps and return when each ended, in seconds."""
    return ends(whole(planes, batch), steps)


def published_ends(planes: int, batch: int, steps: int) -> list[float]:
    """Train the published head for some steps and return when each ended, in seconds."""
    return ends(published(planes, batch), steps)


def head_weights(run: LightningCLI) -> int:
    """Return how many weights of a task are not the encoder's."""
    every, encoder = (sum(one.numel() for one in part.parameters()) for part in (run.model, run.model.encoder))
    return every - encoder


def rows(planes: int, rounds: int) -> list[Row]:
    """Measure both heads, and ours also without what hiding tokens saves."""
    theirs, all_shown, ours = (measure(one, planes, BATCH, rounds) for one in (published_ends, whole_ends, our_ends))
    heads = [f"{head_weights(made(planes, BATCH)) / 1e6:.2f}" for made in (published, task)]
    what = f"fine-tuning, {tokens(planes)} tokens, batch {BATCH}"
    return [
        speed_row(f"{what}: seconds a subject", theirs, ours),
        speed_row("... shown every token", theirs, all_shown),
        memory_row(f"{what}: peak memory, GB", theirs, ours),
        memory_row("... shown every token", theirs, all_shown),
        Row("fine-tuning: weights of the head, millions", *heads),
    ]


def speed_row(what: str, theirs: Cost, ours: Cost) -> Row:
    """Compare speeds."""
    seconds = [f"{1 / cost.speed:.2f}" for cost in (theirs, ours)]
    return Row(what, *seconds, f"{ours.speed / theirs.speed:.1f} x faster")


def memory_row(what: str, theirs: Cost, ours: Cost) -> Row:
    """Compare peak memory."""
    memory = [f"{cost.memory / 1e9:.2f}" for cost in (theirs, ours)]
    return Row(what, *memory, f"{ours.memory / theirs.memory:.2f}")
