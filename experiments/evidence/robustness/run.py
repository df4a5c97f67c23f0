"""Everything that is trained and measured, in worker processes; what is there stays, so a cut comparison goes on."""

from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from functools import partial
from pathlib import Path

from rich.progress import track

from cmr_ssl.workers import pool
from experiments.cohorts import Cohort, make, mix
from experiments.commands import fit, spoken
from experiments.evidence.robustness.report import write_report
from experiments.evidence.robustness.settings import SUBJECTS, TESTED, Segmenter, Settings
from experiments.evidence.run import all_of, carry_out
from experiments.evidence.trained import train, trials
from experiments.inspection import inspected
from experiments.left_out import leave_out
from experiments.pretrainings import pretrain
from experiments.tables import write_once


def everything(settings: Settings, real: Path | None, out: Path, workers: int) -> None:
    """Carry out what is missing and write the report.

    Args:
        settings: what is compared.
        real: cache of real cines, prepared like the cohort; None for none.
        out: folder of the page.
        workers: processes.
    """
    evidence, study = settings.evidence, settings.study
    with pool(workers) as processes:
        processes.submit(make, study.cohort, workers).result()
        processes.submit(mix, evidence.mixed(), evidence.parts(), workers).result()
        processes.submit(pretrain, settings.usual, evidence.mixed(), workers).result()
        carry_out(processes, study, settings.sources)
        write_report(settings, out)
        work = [processes.submit(job) for job in jobs(settings, real)]
        for one in track(as_completed(work), "robustness", total=len(work)):
            one.result()
            write_report(settings, out)
        checkpoint = settings.usual.checkpoint
        all_of(processes, "ResNet", train, [(study, run, checkpoint) for run in trials(settings.plan)])
    write_report(settings, out)


def jobs(settings: Settings, real: Path | None) -> Iterator[Callable[[], None]]:
    """Yield what is done beside phenotypes."""
    checkpoint, cohort = settings.usual.checkpoint, settings.cohort
    cache = cohort.cache
    yield partial(ask, cohort, checkpoint, settings.embeddings, TESTED)
    yield partial(write_once, settings.left_out, partial(leave_out, checkpoint, cache, SUBJECTS))
    yield partial(write_once, settings.faults, partial(inspected, checkpoint, cache, SUBJECTS))
    yield from (partial(train_and_measure, cohort, segmenter) for segmenter in settings.segmenters)
    if real is not None:
        yield partial(write_once, settings.real, partial(leave_out, checkpoint, real, SUBJECTS, everyone=True))


def train_and_measure(cohort: Cohort, segmenter: Segmenter) -> None:
    """Train a network that segments, and measure it."""
    fit(segmenter.folder, segmenter.words(cohort))
    ask(cohort, segmenter.checkpoint, segmenter.report, SUBJECTS)


def ask(cohort: Cohort, checkpoint: Path, report: Path, subjects: int) -> None:
    """Let `robustness` measure a checkpoint on so many test subjects."""
    if not (report / "robustness.csv").exists():
        words = ("--checkpoint", str(checkpoint), "--cache", str(cohort.cache), "--out", str(report))
        spoken(report.with_suffix(".txt"), "robustness", *words, "--subjects", str(subjects))
