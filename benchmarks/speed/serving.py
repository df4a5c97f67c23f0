"""How long `predict` takes for a whole study as UK Biobank acquires it, reading and writing included."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, ParamSpec, TypeVar

import torch
import yaml
from benchmarks.machine import device
from benchmarks.step import peak_memory
from benchmarks.table import Row
from benchmarks.training import CONFIG, build

from cmr_ssl.checkpoints import DATA
from cmr_ssl.commands.phantom import phantom
from cmr_ssl.inference.folder import predict_subject
from cmr_ssl.inference.model import load
from cmr_ssl.preparation.preparation import Preparation
from cmr_ssl.sources import NiftiFiles, NiftiFolder

SUBJECTS = 2  # the first warms up
GOAL_S = 10.0
BELIEVABLE = {"objective.mean": 60.0, "drawn": 1.0}  # or what an untrained task says would not be written
P = ParamSpec("P")
T = TypeVar("T")
VIEWS = {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": 12}


class Scale(NamedTuple):
    """An encoder and the planes it sees.

    Attributes:
        name: for the table.
        config: of the pretraining that describes the encoder.
        preparation: of its planes.
    """

    name: str
    config: Path
    preparation: Preparation


class Cost(NamedTuple):
    """What a subject costs: seconds passed, seconds of the processor; and the peak memory after each, in bytes."""

    seconds: float
    processor: float
    memory: list[int]


def scales() -> list[Scale]:
    """Return the encoder of the demo and that of the paper."""
    small = yaml.safe_load((CONFIG.parent / "preparation" / "small.yaml").read_text())
    return [
        Scale("demo's encoder", CONFIG.with_name("demo.yaml"), Preparation(**small)),
        Scale("paper's encoder", CONFIG, Preparation()),
    ]


def write_checkpoint(path: Path, task: str, scale: Scale) -> None:
    """Write a checkpoint of a task that learnt nothing: what weights say costs nothing."""
    encoder = json.dumps(yaml.safe_load(scale.config.read_text())["model"]["init_args"]["encoder"])
    model = build(1, 2, CONFIG.with_name(f"{task}.yaml"), more=[f"--model.encoder={encoder}"]).model
    for name, value in BELIEVABLE.items():
        if name in model.state_dict():
            model.state_dict()[name].fill_(value)
    data = {"views": VIEWS, "preparation": asdict(scale.preparation), "split": {}}
    torch.save({"state_dict": model.state_dict(), "hyper_parameters": dict(model.hparams), DATA: data}, path)


def predict_all(checkpoint: Path, cohort: Path, out: Path) -> Cost:
    """Predict every subject of a cohort here and return the cost of one after the first."""
    model, folder = load(checkpoint, str(device())), NiftiFolder(cohort, NiftiFiles())
    moments, memory = [], []
    for subject in folder.subjects():
        assert predict_subject(model, out, subject, folder.read(subject)).status != "rejected"
        moments.append((time.perf_counter(), time.process_time()))
        memory.append(peak_memory())
    passed, processor = zip(*((b[0] - a[0], b[1] - a[1]) for a, b in pairwise(moments)), strict=True)
    return Cost(min(passed), min(processor), memory)


@contextmanager
def workplace() -> Iterator[tuple[Path, Path]]:
    """Make studies of 14 planes and 50 frames of 208 x 208 pixels; yield their folder and one to write to."""
    with TemporaryDirectory() as name:
        cohort = Path(name) / "cohort"
        phantom(cohort, SUBJECTS)
        yield cohort, Path(name)


def rows() -> list[Row]:
    """Measure both tasks with both encoders, each in a process of its own."""
    found = []
    with workplace() as (cohort, folder):
        for scale in scales():
            for task in ("phenotype", "segmentation"):
                checkpoint = folder / "task.ckpt"
                elsewhere(write_checkpoint, checkpoint, task, scale)
                cost = elsewhere(predict_all, checkpoint, cohort, folder / "out")
                found.append(row(f"predict, {task}, {scale.name}", cost))
    return found


def elsewhere(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Do some work in a process of its own, so that its memory is, too."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments, **named).result()


def row(what: str, cost: Cost) -> Row:
    """Return the row of one task with one encoder."""
    grown = (cost.memory[-1] - cost.memory[0]) / 1e6
    said = f"{cost.seconds:.1f} s, {cost.processor:.1f} CPU s, {cost.memory[0] / 1e9:.2f} GB {grown:+.0f} MB"
    return Row(what, "", said, "", f"<= {GOAL_S:.0f} s")
