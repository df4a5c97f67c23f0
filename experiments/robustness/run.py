"""Everything that is trained and measured, in worker processes; what is there stays, so a cut comparison goes on."""

from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from functools import partial
from pathlib import Path

from rich.progress import track

from cmr_ssl.workers import pool
from experiments.cohorts import mix, mixture, strangers, views_of
from experiments.commands import fit, spoken
from experiments.inspection import inspected
from experiments.left_out import leave_out
from experiments.pretrainings import Pretraining, pretrain
from experiments.robustness.report import write_report
from experiments.robustness.settings import ADAPTATION, SLICES, SUBJECTS, Model, Settings, left_out
from experiments.tables import write_once


def everything(settings: Settings, real: Path | None, out: Path, workers: int) -> None:
    """Carry out what is missing and write the report.

    Args:
        settings: what is compared.
        real: cache of real cines, prepared like the cohort; None for none.
        out: folder of the page.
        workers: processes.
    """
    folder, unlabelled = settings.evidence, mixture(settings.evidence)
    with pool(workers) as processes:
        processes.submit(mix, unlabelled, [settings.cohort, *strangers(folder)], workers).result()
        begun = [processes.submit(pretrain, one, unlabelled) for one in settings.pretrainings]
        for one in track(as_completed(begun), "pretraining", total=len(begun)):
            one.result()
        work = [processes.submit(job) for job in jobs(settings, real)]
        for one in track(as_completed(work), "robustness", total=len(work)):
            one.result()
            write_report(settings, out)


def jobs(settings: Settings, real: Path | None) -> Iterator[Callable[[], None]]:
    """Yield what is done after pretraining."""
    cache = settings.cohort.cache
    yield from (partial(train_and_measure, settings, model) for model in (*settings.models, *settings.segmenters))
    yield from (partial(tell_slices, settings, one) for one in settings.other_slices.values())
    yield from (partial(compare_views, settings, one) for one in settings.two_views.values())
    yield partial(ask, settings, settings.usual.checkpoint, settings.embeddings)
    yield partial(write_once, settings.faults, partial(inspected, settings.usual.checkpoint, cache, SUBJECTS))
    if real is None:
        return
    for name, steps in ADAPTATION.items():
        told = partial(leave_out, settings.usual.checkpoint, real, SUBJECTS, everyone=True, adapt=steps)
        yield partial(write_once, settings.real(name), told)


def train_and_measure(settings: Settings, model: Model) -> None:
    """Train what comes after the pretraining, and measure it."""
    fit(model.folder, model.words(settings.cohort))
    if model.task == "segmentation":
        ask(settings, model.checkpoint, model.report)
        return
    ask(settings, model.checkpoint, model.report, "--table", str(settings.cohort.table))
    if model.pretraining:
        tell(settings, model.pretraining, model.left_out)


def tell_slices(settings: Settings, pretraining: Pretraining) -> None:
    """Tell planes that are left out of studies with few slices and with all."""
    for slices in SLICES:
        tell(settings, pretraining, left_out(pretraining, slices), views_of(slices))


def compare_views(settings: Settings, pretraining: Pretraining) -> None:
    """Measure the embeddings of one pretraining of two views, and how well it tells planes that are left out."""
    ask(settings, pretraining.checkpoint, pretraining.folder / "report")
    tell(settings, pretraining, left_out(pretraining))


def tell(settings: Settings, pretraining: Pretraining, table: Path, views: dict[str, int] | None = None) -> None:
    """Write how well planes that are left out are told, of studies with room for `views`."""
    write_once(table, partial(leave_out, pretraining.checkpoint, settings.cohort.cache, SUBJECTS, views))


def ask(settings: Settings, checkpoint: Path, report: Path, *more: str) -> None:
    """Let `robustness` measure a checkpoint."""
    if not (report / "robustness.csv").exists():
        words = ("--checkpoint", str(checkpoint), "--cache", str(settings.cohort.cache), "--out", str(report))
        spoken(report.with_suffix(".txt"), "robustness", *words, *more)
