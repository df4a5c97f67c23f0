"""What pretraining is worth downstream: the comparisons of docs/evidence.md, resumable.

    python -m benchmarks.evidence [--seeds 0 1 2] [--labels 10 30 100 300] [--workers 2]
    python -m benchmarks.evidence --workers 1 --longer 10 --out docs/longer    # on a GPU

A run that left its ``test/agreement.csv`` is not repeated, so a cut evidence goes on where it stopped.
"""

import os
import shutil
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.progress import track

from benchmarks.evidence_arms import PRETRAINING, USUAL, Arm, Pretraining, arms, maskings
from cmr_ssl.workers import pool

FOLDER = Path("evidence")
MOST_LABELS = 300
MASKING_LABELS = 100  # of the probes that compare maskings
MOST_STEPS = 120  # with most labels, alike for all arms; else fewer
FRAMES = 2  # of a study that a step of segmentation looks at
BATCH = {"phenotype": 8, "masking": 8, "segmentation": 4}


class Run(NamedTuple):
    """One arm with so many labels and one seed, trained so many times longer than two cores can in an evening."""

    arm: Arm
    labels: int
    seed: int
    longer: int = 1

    @property
    def folder(self) -> Path:
        """Where the run lives."""
        name = self.arm.name.replace(", ", "-").replace(" ", "_").replace(".", "")
        longer = f"-{self.longer}-times-longer" if self.longer > 1 else ""
        return FOLDER / "runs" / f"{self.arm.task}-{name}-{self.labels}-{self.seed}{longer}"

    @property
    def epochs(self) -> int:
        """Return how often training sees the labelled subjects."""
        steps = self.longer * MOST_STEPS * (self.labels / MOST_LABELS) ** 0.5
        return max(1, round(steps / (self.labels // self.batch)))

    @property
    def batch(self) -> int:
        """Subjects a step."""
        return min(BATCH[self.arm.task], self.labels)

    @property
    def done(self) -> bool:
        """Whether it has been tested."""
        return (self.folder / "test" / "agreement.csv").is_file()


def spoken(log: Path, *words: str) -> None:
    """Run one command of `cmr_ssl` in this process; all it says goes to `log`.

    Raises:
        RuntimeError: if it failed.
    """
    import torch

    from cmr_ssl.cli import main as cmr_ssl

    torch.set_num_threads(1)  # there is a worker a core
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as stream:  # this is a worker: nobody else writes to where it writes
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    if cmr_ssl(words):
        raise RuntimeError(f"{' '.join(words)} failed; {log} says why")


def fit(folder: Path, words: list[str]) -> None:
    """Train a run, or go on where it was cut; one that was cut before its first checkpoint begins again."""
    resume = (folder / "checkpoints" / "last.ckpt").exists()
    if not resume and folder.exists():
        shutil.rmtree(folder)
    more = ["--ckpt_path", "last"] if resume else []
    spoken(folder / "log.txt", "fit", *words, "--trainer.default_root_dir", str(folder), *more)


def cohort(workers: int) -> None:
    """Make the cohort of all comparisons; what is there stays."""
    small = ["--preparation", "configs/preparation/small.yaml", "--workers", str(workers)]
    phantom = ["--subjects", "520", "--seed", "11", "--preset", "small", "--workers", str(workers)]
    spoken(FOLDER / "log.txt", "phantom", "--out", str(FOLDER / "cohort"), *phantom)
    spoken(FOLDER / "log.txt", "prepare", "--source", str(FOLDER / "cohort"), "--out", str(FOLDER / "cache"), *small)


def pretrain(pretraining: Pretraining) -> None:
    """Pretrain on the training split."""
    folder = FOLDER / pretraining.folder
    done = folder / "done.txt"
    if not done.exists():
        fit(folder, ["--config", PRETRAINING, "--data.workers", "0", *pretraining.options])
        done.touch()


def arguments(run: Run) -> list[str]:
    """Return what `fit` and `test` of a run have in common."""
    data = ["--data.cache", str(FOLDER / "cache"), "--data.fractions", "[0.72, 0.08, 0.20]", "--data.workers", "0"]
    data += ["--data.train_subjects", str(run.labels), "--data.batch_size", str(run.batch), "--data.min_planes", "5"]
    data += ["--data.seed", str(run.seed)]
    if run.arm.task == "segmentation":
        data += ["--model.frames", str(FRAMES)]
    else:
        data += ["--data.table", str(FOLDER / "cohort" / "phenotypes.csv")]
    if run.arm.pretraining:
        data += ["--model.encoder_checkpoint", str(FOLDER / run.arm.pretraining.folder / "checkpoints" / "best.ckpt")]
    trainer = ["--trainer.max_epochs", str(run.epochs)]
    trainer += ["--trainer.check_val_every_n_epoch", str(max(1, run.epochs // 2))]
    trainer += ["--trainer.enable_progress_bar", "false"]
    return ["--config", run.arm.config, "--seed_everything", str(run.seed), *data, *trainer, *run.arm.options]


def carry_out(run: Run) -> None:
    """Train and test a run; what is said meanwhile lies beside it."""
    start, words = time.monotonic(), arguments(run)
    fit(run.folder, words)
    where = ("--trainer.default_root_dir", str(run.folder))
    spoken(run.folder / "log.txt", "test", *words, *where, "--ckpt_path", "best")
    (run.folder / "minutes.txt").write_text(f"{(time.monotonic() - start) / 60:.1f}\n")
    for checkpoint in (run.folder / "checkpoints").glob("*.ckpt"):
        checkpoint.unlink()  # dozens of them would fill a disk


def plan(labels: list[int], seeds: list[int], longer: int = 1) -> Iterator[Run]:
    """Yield all runs, a whole comparison with one seed before the next seed."""
    for seed in seeds:
        for count in labels:
            for arm in arms():
                yield Run(arm, count, seed, longer)
        for arm in maskings():
            yield Run(arm, MASKING_LABELS, seed, longer)


def main() -> None:
    """Carry out what is missing and write the report."""
    from benchmarks.evidence_report import write_report

    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--labels", type=int, nargs="+", default=[10, 30, 100, 300])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--longer", type=int, default=1, help="times as many steps of every training but pretraining")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    asked = parser.parse_args()
    runs = list(plan(asked.labels, asked.seeds, asked.longer))
    missing = [run for run in runs if not run.done]
    pretrainings = [USUAL, *(arm.pretraining for arm in maskings() if arm.pretraining)]
    with pool(asked.workers) as processes:
        processes.submit(cohort, asked.workers).result()
        for _ in track(processes.map(pretrain, pretrainings), "pretraining", total=len(pretrainings)):
            pass
        for _ in track(processes.map(carry_out, missing), "evidence", total=len(missing)):
            write_report([run for run in runs if run.done], asked.out)
    write_report([run for run in runs if run.done], asked.out)


if __name__ == "__main__":
    main()
