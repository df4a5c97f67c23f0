"""The demo: a synthetic cohort from nothing to phenotypes and label maps, stage by stage, in minutes on a CPU."""

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

LAST_LINES = 15  # of a stage that fails
MEASURED = re.compile(r"val/(psnr_hidden|psnr_trivial|r2_motion_heart) ([-\d.]+)")
DICE = re.compile(r"test/dice_(\w+)\s*│\s*([\d.]+)")
SEED = 7
FEW = ("--model.head.channels=8", "--model.frames=2", "--data.batch_size=1")  # many small steps: labels are few


class Size(NamedTuple):
    """How much the demo does: subjects, and epochs of pretraining, phenotypes and segmentation."""

    subjects: int = 48
    pretraining: int = 20
    phenotypes: int = 4
    segmentation: int = 6


QUICK = Size(subjects=24, pretraining=6, phenotypes=2, segmentation=2)


class Stage(NamedTuple):
    """One command of the demo.

    Attributes:
        what: it does, in words.
        words: of its command line.
        result: what came out, from what the command said.
    """

    what: str
    words: Sequence[str]
    result: Callable[[str], str] = lambda said: ""


def demonstrate(out: Path, size: Size, workers: int) -> int:
    """Run every stage, a line each, and say where to look; a stage that fails ends it with what it said last.

    Raises:
        ValueError: if `out` holds a demo of another size, whose runs would be gone on with.
    """
    out.mkdir(parents=True, exist_ok=True)
    check_size(out / "size.json", size)
    started = time.perf_counter()
    for stage in stages(out, size, workers):
        print(f"{stage.what:.<44} ", end="", flush=True)
        begun, used = time.perf_counter(), processor_seconds()
        said, status = spoken(stage.words, out / "log.txt")
        if status:
            print("failed")
            last = said.strip().splitlines()[-LAST_LINES:]
            print("\n".join([*last, f"All of it: {out / 'log.txt'}"]), file=sys.stderr)
            return 1
        taken = f"{time.perf_counter() - begun:4.0f} s {processor_seconds() - used:4.0f} CPU s"
        print(f"{taken}   {stage.result(said)}".rstrip(), flush=True)
    print(f"{'all of it':.<44} {time.perf_counter() - started:4.0f} s {processor_seconds():4.0f} CPU s")
    print(f"Look at the figures in {out}/pretraining, {out}/phenotypes and {out}/segmentation; tables lie beside.")
    print(f"What the commands said: {out / 'log.txt'}")
    return 0


def check_size(path: Path, size: Size) -> None:
    """Note how much a demo does; raise ValueError where one in the same folder did more or less."""
    wanted = json.dumps(size._asdict()) + "\n"
    if path.exists() and path.read_text() != wanted:
        raise ValueError(f"{path.parent} holds a demo of another size: give another folder, --out FOLDER")
    path.write_text(wanted)


def processor_seconds() -> float:
    """Return the time that the processor has spent on finished commands."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def spoken(words: Sequence[str], log: Path) -> tuple[str, int]:
    """Run a command of `cmr_ssl` and return all it said, which also goes to the log, and its exit status."""
    ended = subprocess.run(
        [sys.executable, "-m", "cmr_ssl", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "120"},
        text=True,
        check=False,
    )
    with log.open("a") as stream:
        stream.write(f"\n$ python -m cmr_ssl {' '.join(words)}\n{ended.stdout}")
    return ended.stdout, ended.returncode


def stages(out: Path, size: Size, workers: int) -> list[Stage]:
    """Return the stages; those that are done already are not repeated by their commands."""
    cohort, cache = out / "cohort", out / "cache"
    many = ["--workers", str(workers)]
    made = ["--out", str(cohort), "--subjects", str(size.subjects), "--seed", str(SEED), "--preset", "small"]
    prepared = ["--source", str(cohort), "--out", str(cache), "--preparation", "small"]
    reuse = f"--model.encoder_checkpoint={out / 'pretraining' / 'checkpoints' / 'best.ckpt'}"
    table = f"--data.table={cohort / 'phenotypes.csv'}"
    pretraining = run("demo", out / "pretraining", cache, size.pretraining, table)
    phenotypes = run("phenotype", out / "phenotypes", cache, size.phenotypes, table)
    segmentation = run("segmentation", out / "segmentation", cache, size.segmentation, *FEW)
    resumed, best = ["--ckpt_path", "auto"], ["--ckpt_path", "best"]
    return [
        Stage(f"{size.subjects} synthetic hearts", ["phantom", *made, *many]),
        Stage("prepared: 13 planes of 16 frames each", ["prepare", *prepared, *many]),
        Stage("pretraining without labels", ["fit", *pretraining, *resumed], reconstruction),
        Stage("phenotypes: heads on the encoder", ["fit", *phenotypes, reuse, *resumed]),
        Stage("... on subjects it never saw", ["test", *phenotypes, *best], lambda _: errors(out / "phenotypes")),
        Stage("segmentation: a head on the encoder", ["fit", *segmentation, reuse, *resumed]),
        Stage("... on subjects it never saw", ["test", *segmentation, *best], overlap),
    ]


def run(config: str, folder: Path, cache: Path, epochs: int, *more: str) -> list[str]:
    """Return what a training is told; it is validated at its end."""
    return [
        f"--config={config}",
        f"--data.cache={cache}",
        f"--trainer.default_root_dir={folder}",
        f"--trainer.max_epochs={epochs}",
        f"--trainer.check_val_every_n_epoch={epochs}",
        *more,
    ]


def reconstruction(said: str) -> str:
    """Say how well hidden patches are told, from what the training said last."""
    values = {name: float(value) for name, value in MEASURED.findall(said)}
    if len(values) < 3:
        return ""
    return (
        f"hidden patches {values['psnr_hidden']:.1f} dB (the plane's mean: {values['psnr_trivial']:.1f}), "
        f"{values['r2_motion_heart']:.0%} of the heart's motion"
    )


def errors(folder: Path) -> str:
    """Say how far phenotypes are off."""
    table = pd.read_csv(folder / "test" / "agreement.csv").set_index("target")["MAE"]
    names = [name for name in ("LVEF (%)", "LVEDV (mL)", "LVM (g)") if name in table]
    said = (f"{name.split(' (')[0]} {table[name]:.1f} {name.split(' (')[1].rstrip(')')}" for name in names)
    return "off by " + ", ".join(said)


def overlap(said: str) -> str:
    """Say how well label maps overlap with the truth, from the table that the test printed."""
    dice = dict(DICE.findall(said))
    return "Dice " + ", ".join(f"{name} {float(value):.2f}" for name, value in dice.items()) if dice else ""
