"""What pretraining is worth downstream: the comparisons of docs/evidence.md, resumable, a process a run.

    python -m benchmarks.evidence [--seeds 0 1 2] [--labels 10 30 100 300] [--workers 2]

A run that left its ``test/agreement.csv`` is not repeated, so a cut evidence goes on where it stopped.
"""

import json
import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import yaml
from rich.progress import track

FOLDER = Path("evidence")
PRETRAINED = FOLDER / "pretraining" / "checkpoints" / "best.ckpt"
MOST_LABELS = 300
STEPS = {"phenotype": 160, "segmentation": 160}  # of every trained arm alike with so many labels; with fewer, fewer
FRAMES = 2  # of a study that a step of segmentation looks at
BATCH = {"phenotype": 8, "segmentation": 4}


class Arm(NamedTuple):
    """One way to solve a task.

    Attributes:
        task: phenotype or segmentation.
        name: of the arm.
        config: which file.
        options: what else the command line says.
    """

    task: str
    name: str
    config: str
    options: tuple[str, ...]


class Run(NamedTuple):
    """One arm with so many labels and one seed."""

    arm: Arm
    labels: int
    seed: int

    @property
    def folder(self) -> Path:
        """Where the run lives."""
        return FOLDER / "runs" / f"{self.arm.task}-{self.arm.name.replace(' ', '_')}-{self.labels}-{self.seed}"

    @property
    def epochs(self) -> int:
        """Return how often training sees the labelled subjects."""
        steps = STEPS[self.arm.task] * (self.labels / MOST_LABELS) ** 0.5
        return max(1, round(steps / (self.labels // self.batch)))

    @property
    def batch(self) -> int:
        """Subjects a step."""
        return min(BATCH[self.arm.task], self.labels)

    @property
    def done(self) -> bool:
        """Whether it has been tested."""
        return (self.folder / "test" / "agreement.csv").is_file()


def arms() -> list[Arm]:
    """Return all arms; those from scratch have the very network that was pretrained.

    A probe is solved before its first step (`RidgeStart`); that of an untrained encoder tells what pretraining adds.
    """
    network = yaml.safe_load(Path("configs/evidence/pretraining.yaml").read_text())["model"]["init_args"]["encoder"]
    pretrained, scratch = ("--model.encoder_checkpoint", str(PRETRAINED)), ("--model.encoder", json.dumps(network))
    phenotype, segmentation = "configs/phenotype.yaml", "configs/segmentation.yaml"
    small, all_alike = ("--model.head.channels", "8"), ("--model.optimisation.layer_decay", "1.0")
    probe = ("--model.freeze", "encoder", "--trainer.max_epochs", "1", "--trainer.check_val_every_n_epoch", "1")
    faster = (*all_alike, "--model.optimisation.learning_rate", "2e-5", "--model.optimisation.encoder_factor", "30")
    return [
        Arm("phenotype", "fine-tuned", phenotype, pretrained),
        Arm("phenotype", "probe", phenotype, (*pretrained, *probe)),
        Arm("phenotype", "probe of an untrained encoder", phenotype, (*scratch, *probe)),
        Arm("phenotype", "scratch", phenotype, (*scratch, *faster)),
        Arm("phenotype", "ResNet", "configs/phenotype_resnet.yaml", ()),
        Arm("segmentation", "fine-tuned", segmentation, (*pretrained, *small)),
        Arm("segmentation", "scratch", segmentation, (*scratch, *small, *all_alike)),
        Arm("segmentation", "U-Net", "configs/segmentation_unet.yaml", ("--model.network.channels", "8")),
    ]


def cohort() -> None:
    """Make the cohort and pretrain on its training split, or go on where that was cut."""
    command = [sys.executable, "-m", "cmr_ssl"]
    small = ["--preparation", "configs/preparation/small.yaml"]
    phantom = ["--subjects", "520", "--seed", "11", "--preset", "small", "--workers", "2"]
    fit = ["fit", "--config", "configs/evidence/pretraining.yaml"]
    last = FOLDER / "pretraining" / "checkpoints" / "last.ckpt"
    for step in (
        ["phantom", "--out", str(FOLDER / "cohort"), *phantom],
        ["prepare", "--source", str(FOLDER / "cohort"), "--out", str(FOLDER / "cache"), "--workers", "2", *small],
        [*fit, *(["--ckpt_path", "last"] if last.exists() else [])],
    ):
        subprocess.run([*command, *step], check=True)


def arguments(run: Run) -> list[str]:
    """Return what `fit` and `test` of a run have in common."""
    data = ["--data.cache", str(FOLDER / "cache"), "--data.fractions", "[0.72, 0.08, 0.20]", "--data.workers", "0"]
    data += ["--data.train_subjects", str(run.labels), "--data.batch_size", str(run.batch), "--data.min_planes", "5"]
    data += ["--data.seed", str(run.seed)]
    if run.arm.task == "phenotype":
        data += ["--data.table", str(FOLDER / "cohort" / "phenotypes.csv")]
    else:
        data += ["--model.frames", str(FRAMES)]
    trainer = ["--trainer.default_root_dir", str(run.folder), "--trainer.max_epochs", str(run.epochs)]
    trainer += [
        "--trainer.check_val_every_n_epoch",
        str(max(1, run.epochs // 4)),
        "--trainer.enable_progress_bar",
        "false",
    ]
    return ["--config", run.arm.config, "--seed_everything", str(run.seed), *data, *trainer, *run.arm.options]


def carry_out(run: Run) -> None:
    """Train and test a run in processes of their own; what they say lies beside the run."""
    command, common = [sys.executable, "-m", "cmr_ssl"], arguments(run)
    run.folder.mkdir(parents=True, exist_ok=True)
    last = run.folder / "checkpoints" / "last.ckpt"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    start = time.monotonic()
    with (run.folder / "log.txt").open("a") as log:
        for verb, resume in (("fit", "last" if last.exists() else ""), ("test", "best")):
            more = ["--ckpt_path", resume] if resume else []
            subprocess.run([*command, verb, *common, *more], check=True, stdout=log, stderr=log, env=environment)
    (run.folder / "minutes.txt").write_text(f"{(time.monotonic() - start) / 60:.1f}\n")
    for checkpoint in (run.folder / "checkpoints").glob("*.ckpt"):
        checkpoint.unlink()  # dozens of them would fill a disk


def plan(labels: list[int], seeds: list[int]) -> Iterator[Run]:
    """Yield all runs, a whole comparison with one seed before the next seed."""
    for seed in seeds:
        for count in labels:
            for arm in arms():
                yield Run(arm, count, seed)


def main() -> None:
    """Carry out what is missing and write the report."""
    from benchmarks.evidence_report import write_report

    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--labels", type=int, nargs="+", default=[10, 30, 100, 300])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    asked = parser.parse_args()
    cohort()
    runs = list(plan(asked.labels, asked.seeds))
    missing = [run for run in runs if not run.done]
    with ThreadPoolExecutor(asked.workers) as pool:
        for _ in track(pool.map(carry_out, missing), "evidence", total=len(missing)):
            write_report([run for run in runs if run.done], asked.out)
    write_report([run for run in runs if run.done], asked.out)


if __name__ == "__main__":
    main()
