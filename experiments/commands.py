"""Commands of `cmr_ssl`, run in a worker process; what they say goes to a file."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing import parent_process
from pathlib import Path

import torch

from cmr_ssl.cli import main as cmr_ssl
from cmr_ssl.files import BEST, CHECKPOINTS, LAST


def options(values: Mapping[str, object]) -> list[str]:
    """Return options of the command line from values by name."""
    return [f"--{name}={one if isinstance(one, str | Path) else json.dumps(one)}" for name, one in values.items()]


def spoken(log: Path, *words: str, threads: int = 1) -> None:
    """Run one command of `cmr_ssl` in this process; all it says goes to `log`.

    Raises:
        RuntimeError: if it failed.
    """
    torch.set_num_threads(threads)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as stream, redirect_stdout(stream), redirect_stderr(stream):
        if parent_process() is not None:  # a worker, whose loggers took hold of its streams long ago
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)
        failed = cmr_ssl(words)
    if failed:
        raise RuntimeError(f"{' '.join(words)} failed; {log} says why")


def fit(folder: Path, words: Sequence[str], threads: int = 1) -> None:
    """Train a run, or go on where it was cut; what is done stays."""
    done = folder / "done.txt"
    if not done.exists():
        more = [f"--trainer.default_root_dir={folder}", *resumption(folder)]
        spoken(folder / "log.txt", "fit", *words, *more, threads=threads)
        done.touch()


def resumption(folder: Path) -> list[str]:
    """Return what lets a run go on; one that was cut before its first checkpoint is removed and begins again."""
    if last(folder).exists():
        return ["--ckpt_path=last"]
    shutil.rmtree(folder, ignore_errors=True)
    return []


def last(folder: Path) -> Path:
    """Return the checkpoint that a run ends with."""
    return folder / CHECKPOINTS / LAST


def best(folder: Path) -> Path:
    """Return the checkpoint of a run with the smallest loss of validation."""
    return folder / CHECKPOINTS / BEST
