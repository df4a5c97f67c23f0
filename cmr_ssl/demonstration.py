"""The demo: from a synthetic cohort to phenotypes and label maps, stage by stage, in minutes on a CPU."""

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

LAST_LINES = 15  # of a failed stage that are printed
MEASURED = re.compile(r"val/(psnr_hidden|psnr_trivial|r2_motion_heart) ([-\d.]+)")
DICE = re.compile(r"test/dice_(\w+)\s*│\s*([\d.]+)")
SEED = 7
FEW_LABELS = ("--model.head.channels=8", "--model.frames=2", "--data.batch_size=1")  # many small steps: labels are few


class Size(NamedTuple):
    """Numbers of subjects, and of epochs of pretraining, phenotypes and segmentation."""

    subjects: int = 48
    pretraining: int = 20
    phenotypes: int = 4
    segmentation: int = 6


QUICK = Size(subjects=24, pretraining=6, phenotypes=2, segmentation=2)


class Stage(NamedTuple):
    """One command of the demo.

    Attributes:
        title: printed before it starts.
        words: of its command line.
        result: summary of its output.
    """

    title: str
    words: Sequence[str]
    result: Callable[[str], str] = lambda output: ""


def demonstrate(out: Path, size: Size, workers: int) -> int:
    """Run every stage, a line each, and return the exit status; a failed stage prints the end of its output.

    Raises:
        ValueError: if `out` holds a demo of another size, whose runs would be resumed.
    """
    out.mkdir(parents=True, exist_ok=True)
    check_size(out / "size.json", size)
    started = time.perf_counter()
    for stage in stages(out, size, workers):
        print(f"{stage.title:.<44} ", end="", flush=True)
        begun, used = time.perf_counter(), processor_seconds()
        output, status = spoken(stage.words, out / "log.txt")
        if status:
            print("failed")
            last = output.strip().splitlines()[-LAST_LINES:]
            print("\n".join([*last, f"All of it: {out / 'log.txt'}"]), file=sys.stderr)
            return 1
        duration = f"{time.perf_counter() - begun:4.0f} s {processor_seconds() - used:4.0f} CPU s"
        print(f"{duration}   {stage.result(output)}".rstrip(), flush=True)
    print(f"{'all of it':.<44} {time.perf_counter() - started:4.0f} s {processor_seconds():4.0f} CPU s")
    print(f"Look at the figures in {out}/pretraining, {out}/phenotypes and {out}/segmentation; tables lie beside.")
    print(f"What the commands said: {out / 'log.txt'}")
    return 0


def check_size(path: Path, size: Size) -> None:
    """Write the size of a demo; raise ValueError if one of another size is in the same folder."""
    text = json.dumps(size._asdict()) + "\n"
    if path.exists() and path.read_text() != text:
        raise ValueError(f"{path.parent} holds a demo of another size: give another folder, --out FOLDER")
    path.write_text(text)


def processor_seconds() -> float:
    """Return the processor time of finished commands."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def spoken(words: Sequence[str], log: Path) -> tuple[str, int]:
    """Run a command of `cmr_ssl`, append its output to the log, and return output and exit status."""
    finished = subprocess.run(
        [sys.executable, "-m", "cmr_ssl", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "120"},
        text=True,
        check=False,
    )
    with log.open("a") as stream:
        stream.write(f"\n$ python -m cmr_ssl {' '.join(words)}\n{finished.stdout}")
    return finished.stdout, finished.returncode


def stages(out: Path, size: Size, workers: int) -> list[Stage]:
    """Return the stages, whose commands do not repeat finished work."""
    cohort, cache = out / "cohort", out / "cache"
    many = ["--workers", str(workers)]
    made = ["--out", str(cohort), "--subjects", str(size.subjects), "--seed", str(SEED), "--preset", "small"]
    prepared = ["--source", str(cohort), "--out", str(cache), "--preparation", "small"]
    reuse = f"--model.encoder_checkpoint={out / 'pretraining' / 'checkpoints' / 'best.ckpt'}"
    table = f"--data.table={cohort / 'phenotypes.csv'}"
    pretraining = run("demo", out / "pretraining", cache, size.pretraining, table)
    phenotypes = run("phenotype", out / "phenotypes", cache, size.phenotypes, table)
    segmentation = run("segmentation", out / "segmentation", cache, size.segmentation, *FEW_LABELS)
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
    """Return the arguments of a training that is validated at its end."""
    return [
        f"--config={config}",
        f"--data.cache={cache}",
        f"--trainer.default_root_dir={folder}",
        f"--trainer.max_epochs={epochs}",
        f"--trainer.check_val_every_n_epoch={epochs}",
        *more,
    ]


def reconstruction(output: str) -> str:
    """Summarise how well hidden patches are predicted, from the last metrics in a training's output."""
    values = {name: float(value) for name, value in MEASURED.findall(output)}
    if len(values) < 3:
        return ""
    return (
        f"hidden patches {values['psnr_hidden']:.1f} dB (the plane's mean: {values['psnr_trivial']:.1f}), "
        f"{values['r2_motion_heart']:.0%} of the heart's motion"
    )


def errors(folder: Path) -> str:
    """Summarise the mean absolute errors of phenotypes."""
    table = pd.read_csv(folder / "test" / "agreement.csv").set_index("target")["MAE"]
    names = [name for name in ("LVEF (%)", "LVEDV (mL)", "LVM (g)") if name in table]
    parts = (f"{name.split(' (')[0]} {table[name]:.1f} {name.split(' (')[1].rstrip(')')}" for name in names)
    return "off by " + ", ".join(parts)


def overlap(output: str) -> str:
    """Summarise the Dice of label maps, from the table in a test's output."""
    dice = dict(DICE.findall(output))
    return "Dice " + ", ".join(f"{name} {float(value):.2f}" for name, value in dice.items()) if dice else ""
