"""How long `predict` takes for a whole study as UK Biobank acquires it, reading and writing included."""

import time
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch
import yaml

from benchmarks.speed.table import Row
from benchmarks.speed.training import CONFIG, ENCODERS, build
from cmr_ssl.checkpoints import DATA
from cmr_ssl.commands.phantom import phantom
from cmr_ssl.inference.folder import predict_subject
from cmr_ssl.inference.model import load
from cmr_ssl.preparation.preparation import Preparation
from cmr_ssl.sources import NiftiFiles, NiftiFolder
from cmr_ssl.workers import pool
from experiments.machine import device, peak_memory

SUBJECTS = 2  # the first warms up
GOAL_S = 10.0
BELIEVABLE = {"objective.mean": 60.0, "drawn": 1.0}  # or what an untrained task says would not be written
VIEWS = {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": 12}


class Scale(NamedTuple):
    """An encoder and the planes it sees.

    Attributes:
        name: for the table.
        encoder: config that describes it.
        preparation: of its planes.
    """

    name: str
    encoder: Path
    preparation: Preparation


class SubjectCost(NamedTuple):
    """What a subject costs: seconds passed, seconds of the processor; and the peak memory after each, in bytes."""

    seconds: float
    processor: float
    memory: list[int]


def scales() -> list[Scale]:
    """Return the encoder of the demo and that of the paper."""
    small = yaml.safe_load((CONFIG.parent / "preparation" / "small.yaml").read_text())
    return [
        Scale("demo's encoder", ENCODERS / "small.yaml", Preparation(**small)),
        Scale("paper's encoder", ENCODERS / "base.yaml", Preparation()),
    ]


def write_checkpoint(path: Path, task: str, scale: Scale) -> None:
    """Write a checkpoint of a task that learnt nothing: what weights say costs nothing."""
    model = build(1, 2, CONFIG.with_name(f"{task}.yaml"), more=[f"--model.encoder={scale.encoder}"]).model
    for name, value in BELIEVABLE.items():
        if name in model.state_dict():
            model.state_dict()[name].fill_(value)
    data = {"views": VIEWS, "preparation": asdict(scale.preparation), "split": {}}
    torch.save({"state_dict": model.state_dict(), "hyper_parameters": dict(model.hparams), DATA: data}, path)


def predict_all(checkpoint: Path, cohort: Path, out: Path) -> SubjectCost:
    """Predict every subject of a cohort here and return the cost of one after the first."""
    model, folder = load(checkpoint, str(device())), NiftiFolder(cohort, NiftiFiles())
    moments, memory = [], []
    for subject in folder.subjects():
        assert predict_subject(model, out, subject, folder.read(subject)).status != "rejected"
        moments.append((time.perf_counter(), time.process_time()))
        memory.append(peak_memory())
    passed, processor = zip(*((b[0] - a[0], b[1] - a[1]) for a, b in pairwise(moments)), strict=True)
    return SubjectCost(min(passed), min(processor), memory)


def rows() -> list[Row]:
    """Measure both tasks with both encoders on studies of 14 planes and 50 frames of 208 x 208 pixels.

    Each is written and measured in a process of its own, so that the memory is its own, too.
    """
    found = []
    with TemporaryDirectory() as name:
        cohort, checkpoint, out = (Path(name) / part for part in ("cohort", "task.ckpt", "out"))
        phantom(cohort, SUBJECTS)
        for scale in scales():
            for task in ("phenotype", "segmentation"):
                with pool(1) as process:
                    process.submit(write_checkpoint, checkpoint, task, scale).result()
                with pool(1) as process:
                    cost = process.submit(predict_all, checkpoint, cohort, out).result()
                found.append(row(f"predict, {task}, {scale.name}", cost))
    return found


def row(what: str, cost: SubjectCost) -> Row:
    """Return the row of one task with one encoder."""
    grown = (cost.memory[-1] - cost.memory[0]) / 1e6
    said = f"{cost.seconds:.1f} s, {cost.processor:.1f} CPU s, {cost.memory[0] / 1e9:.2f} GB {grown:+.0f} MB"
    return Row(what, "", said, "", f"<= {GOAL_S:.0f} s")
