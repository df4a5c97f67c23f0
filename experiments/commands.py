"""Commands of `cmr_ssl`, run in a worker process; what they say goes to a file."""

import os
import shutil
from pathlib import Path


def spoken(log: Path, *words: str, threads: int = 1) -> None:
    """Run one command of `cmr_ssl` in this process; all it says goes to `log`.

    Raises:
        RuntimeError: if it failed.
    """
    import torch

    from cmr_ssl.cli import main as cmr_ssl

    torch.set_num_threads(threads)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as stream:  # this is a worker: nobody else writes to where it writes
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    if cmr_ssl(words):
        raise RuntimeError(f"{' '.join(words)} failed; {log} says why")


def fit(folder: Path, words: list[str], threads: int = 1) -> None:
    """Train a run, or go on where it was cut; one that was cut before its first checkpoint begins again."""
    resume = (folder / "checkpoints" / "last.ckpt").exists()
    if not resume and folder.exists():
        shutil.rmtree(folder)
    more = ["--ckpt_path", "last"] if resume else []
    spoken(folder / "log.txt", "fit", *words, "--trainer.default_root_dir", str(folder), *more, threads=threads)
