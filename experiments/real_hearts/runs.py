"""Trainings: what is done is not repeated, so a cut comparison goes on where it stopped."""

import os
import shutil
import time
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing import parent_process
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from benchmarks.real_hearts.arms import Arm, Pretraining, file_name
from benchmarks.real_hearts.cohort import members, read_fold
from benchmarks.real_hearts.scores import draw, score
from benchmarks.real_hearts.settings import ALL, Settings

from cmr_ssl.callbacks.kept_checkpoints import BEST, LAST, checkpoint_file
from cmr_ssl.report.tables import write_csv

DICE, VOLUMES, CHOICE = "dice.csv", "volumes.csv", "choice.csv"
DONE, PICTURE = "done.txt", "example.png"


class Run(NamedTuple):
    """One arm with so many labelled patients, chosen by one draw, tested on one fold."""

    arm: Arm
    labels: int
    fold: int
    draw: int

    def folder(self, settings: Settings) -> Path:
        """Return where the run lies."""
        labels = "all" if self.labels == ALL else str(self.labels)
        return settings.folder(self.fold) / "segmentation" / f"{file_name(self.arm.name)}-{labels}-{self.draw}"

    def done(self, settings: Settings) -> bool:
        """Tell whether it has been tested."""
        return (self.folder(settings) / CHOICE).is_file()


def plan(settings: Settings, arms: list[Arm]) -> list[Run]:
    """Return all runs, first draws first: they choose the learning rates of the others."""
    return [
        Run(arm, labels, fold, draw)
        for draw in range(settings.draws)
        for fold in range(settings.used)
        for labels in settings.labels
        if draw < settings.draws_of(labels)
        for arm in arms
    ]


def stages(settings: Settings, planned: list[Run]) -> list[list[Run]]:
    """Return what is missing in the order in which it can be carried out: what chooses rates comes first."""
    missing = [run for run in planned if not run.done(settings)]
    choosing = [run for run in missing if run.draw == 0 and (settings.tune_each_fold or run.fold == 0)]
    return [choosing, [run for run in missing if run not in choosing]]


def pretrained(settings: Settings, fold: int, pretraining: Pretraining) -> Path:
    """Return the checkpoint of a pretraining in a fold: the last, as the best one is chosen by the picture."""
    return checkpoint_file(settings.folder(fold) / pretraining.name, LAST)


def pretrain(settings: Settings, fold: int, pretraining: Pretraining) -> None:
    """Pretrain on the cines of a fold's training patients, or go on with that."""
    folder, start = settings.folder(fold) / pretraining.name, time.monotonic()
    if (folder / DONE).is_file():
        return
    words = ["--config", pretraining.config, *_data(settings, fold), *pretraining.options, *settings.pretraining]
    resume = ["--ckpt_path", "last"] if checkpoint_file(folder, LAST).is_file() else []
    if not resume:
        shutil.rmtree(folder, ignore_errors=True)
    spoken(folder, "fit", *words, *resume)
    (folder / DONE).write_text(f"{(time.monotonic() - start) / 60:.1f} minutes\n")


def carry_out(settings: Settings, run: Run) -> None:
    """Train with each learning rate, choose by validation, test, and leave tables; checkpoints are removed.

    Only first draws try several rates; see `rates`.
    """
    folder = run.folder(settings)
    trials = pd.DataFrame([trial(settings, run, rate) for rate in rates(settings, run)])
    chosen = trials.loc[trials["validation"].idxmax()]
    test = members(read_fold(settings, run.fold), "test")
    checkpoint = checkpoint_file(folder / _named(chosen["rate"]), BEST)
    dice, volumes = score(checkpoint, settings, test)
    draw(folder / PICTURE, checkpoint, settings, test[0])
    for name, table in ((DICE, dice), (VOLUMES, volumes), (CHOICE, trials)):
        write_csv(folder / name, table)
    for rate in trials["rate"]:
        shutil.rmtree(checkpoint_file(folder / _named(rate), BEST).parent, ignore_errors=True)


def rates(settings: Settings, run: Run) -> tuple[float, ...]:
    """Return the learning rates that a run tries: all of its arm, or the one that the first draw chose."""
    first = run._replace(draw=0, fold=run.fold if settings.tune_each_fold else 0)
    if run == first:
        return run.arm.rates[: settings.rates]
    choice = pd.read_csv(first.folder(settings) / CHOICE)
    return (float(choice.loc[choice["validation"].idxmax(), "rate"]),)


def trial(settings: Settings, run: Run, rate: float) -> dict[str, float]:
    """Train with one rate, unless that is done, and return its validation Dice, steps and minutes."""
    folder = run.folder(settings) / _named(rate)
    told = folder / "trial.csv"
    if not (told.is_file() and checkpoint_file(folder, BEST).is_file()):
        shutil.rmtree(folder, ignore_errors=True)
        start = time.monotonic()
        spoken(folder, "fit", *arguments(settings, run, rate))
        minutes = (time.monotonic() - start) / 60
        validation = members(read_fold(settings, run.fold), "val")
        dice, _ = score(checkpoint_file(folder, BEST), settings, validation)
        found = {"rate": rate, "validation": dice["prepared"].mean(), "minutes": minutes}
        write_csv(told, pd.DataFrame([found]))
    return {str(name): float(value) for name, value in pd.read_csv(told).iloc[0].items()}


def arguments(settings: Settings, run: Run, rate: float) -> list[str]:
    """Return what the command line of a training says."""
    words = ["--config", run.arm.config, "--seed_everything", str(run.draw), *_data(settings, run.fold)]
    words += ["--data.seed", str(run.draw), "--model.seed", str(run.draw)]
    if run.labels != ALL:
        words += ["--data.train_subjects", str(run.labels)]
    if run.arm.pretraining:
        words += ["--model.encoder_checkpoint", str(pretrained(settings, run.fold, run.arm.pretraining))]
    words += ["--model.optimisation.learning_rate", str(rate)]
    return [*words, *run.arm.options, *settings.training]


def spoken(folder: Path, command: str, *words: str) -> None:
    """Run one command of `cmr_ssl` in this process; what it says goes to ``log.txt`` in its folder.

    Raises:
        RuntimeError: if it failed.
    """
    import torch

    from cmr_ssl.cli import main as cmr_ssl

    torch.set_num_threads(1)  # there is a worker a core
    folder.mkdir(parents=True, exist_ok=True)
    words = (*words, "--trainer.default_root_dir", str(folder), "--trainer.enable_progress_bar", "false")
    with (folder / "log.txt").open("a") as log, redirect_stdout(log), redirect_stderr(log):
        if parent_process() is not None:  # a worker, whose loggers took hold of its streams long ago
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        print(command, *words)
        failed = cmr_ssl([command, *words])
    if failed:
        raise RuntimeError(f"{command} failed; {folder / 'log.txt'} says why")


def _data(settings: Settings, fold: int) -> list[str]:
    return ["--data.cache", str(settings.cache), "--data.table", str(settings.table(fold))]


def _named(rate: float) -> str:
    return f"rate-{rate:g}"
