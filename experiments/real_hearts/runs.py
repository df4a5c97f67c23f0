"""Trainings: what is done is not repeated, so a cut comparison goes on where it stopped."""

import os
import shutil
import time
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing import parent_process
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from cmr_ssl.callbacks.kept_checkpoints import BEST, LAST, checkpoint_file
from cmr_ssl.report.tables import write_csv
from experiments.real_hearts import synthetic
from experiments.real_hearts.arms import Arm, Pretraining, file_name
from experiments.real_hearts.cohort import members, read_fold
from experiments.real_hearts.scores import draw, score
from experiments.real_hearts.self_training import teach
from experiments.real_hearts.settings import ALL, Settings

DICE, VOLUMES, CHOICE = "dice.csv", "volumes.csv", "choice.csv"
DONE, PICTURE, TAUGHT = "done.txt", "example.png", "taught"
SURE = 0.8  # of a label that a network gives


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

    def network(self, settings: Settings) -> Path:
        """Return the checkpoint that was tested, which is kept where others learn from it."""
        return self.folder(settings) / f"{BEST}.ckpt"


def plan(settings: Settings, arms: list[Arm]) -> list[Run]:
    """Return all runs, first draws first: they choose the learning rates of the others."""
    return [
        Run(arm, labels, fold, draw)
        for draw in range(settings.draws)
        for fold in settings.chosen
        for labels in settings.labels
        if draw < settings.draws_of(labels)
        for arm in arms
        if not (arm.teacher and labels == ALL)
    ]


def stages(settings: Settings, planned: list[Run]) -> list[list[Run]]:
    """Return what is missing in the order in which it can be carried out: what chooses rates, then who is taught."""
    missing = [run for run in planned if not run.done(settings)]
    choosing = [run for run in missing if run.draw == 0 and (settings.tune_each_fold or run.fold == settings.chosen[0])]
    following = [run for run in missing if run not in choosing]
    return [
        [run for run in some if bool(run.arm.teacher) == taught] for some in (choosing, following) for taught in (0, 1)
    ]


def pretrained(settings: Settings, fold: int, pretraining: Pretraining) -> Path:
    """Return the checkpoint of a pretraining in a fold: the last, as the best one is chosen by the picture."""
    return checkpoint_file(folder_of(settings, fold, pretraining), LAST)


def folder_of(settings: Settings, fold: int, pretraining: Pretraining) -> Path:
    """Return where a pretraining lies; what knows no patient serves all folds."""
    return (settings.synthetic if pretraining.synthetic else settings.folder(fold)) / pretraining.name


def pretrain(settings: Settings, fold: int, pretraining: Pretraining) -> None:
    """Pretrain on the cines of a fold's training patients, or on synthetic hearts, or go on with that."""
    folder, start = folder_of(settings, fold, pretraining), time.monotonic()
    if (folder / DONE).is_file():
        return
    words = ["--config", pretraining.config, *pretraining.options]
    if pretraining.synthetic:
        words += ["--data.cache", str(synthetic.prepare(settings)), *settings.supervised]
    else:
        words += [*_data(settings, fold), *settings.pretraining]
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
    if run.arm.teaches:
        shutil.copyfile(checkpoint, run.network(settings))
    shutil.rmtree(folder / TAUGHT, ignore_errors=True)
    for rate in trials["rate"]:
        shutil.rmtree(checkpoint_file(folder / _named(rate), BEST).parent, ignore_errors=True)


def rates(settings: Settings, run: Run) -> tuple[float, ...]:
    """Return the learning rates that a run tries: all of its arm, or the one that the first draw chose."""
    first = run._replace(draw=0, fold=run.fold if settings.tune_each_fold else settings.chosen[0])
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
    words = ["--config", run.arm.config, "--seed_everything", str(run.draw)]
    words += ["--data.seed", str(run.draw), "--model.seed", str(run.draw)]
    words += taught(settings, run) if run.arm.teacher else _data(settings, run.fold)
    if run.labels != ALL and not run.arm.teacher:
        words += ["--data.train_subjects", str(run.labels)]
    if run.arm.pretraining:
        words += [run.arm.start, str(pretrained(settings, run.fold, run.arm.pretraining))]
    words += ["--model.optimisation.learning_rate", str(rate)]
    return [*words, *run.arm.options, *settings.training]


def taught(settings: Settings, run: Run) -> list[str]:
    """Let the teacher of an arm label what nobody did, and return what the command line says of that.

    Raises:
        ValueError: if all training patients are labelled.
    """
    assert run.arm.teacher
    if run.labels == ALL:
        raise ValueError(f"{run.arm.name}: nobody is left to be labelled by a network")
    network, out = run._replace(arm=run.arm.teacher).network(settings), run.folder(settings) / TAUGHT
    words = teach(settings, run.fold, network, run.labels, run.draw, SURE, out)
    return [*words, run.arm.start, str(network)]


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
