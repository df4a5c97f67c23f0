"""Everything carried out in worker processes; each step leaves a file and is not repeated."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, as_completed
from pathlib import Path

from rich.progress import track

from cmr_ssl.workers import pool
from experiments.cohorts import make, mix
from experiments.evidence.arms import TOKENS, Source, controls, pretrained
from experiments.evidence.features import extract, portions
from experiments.evidence.pathologies import classify, portion
from experiments.evidence.probes import probe
from experiments.evidence.report import write_report
from experiments.evidence.settings import Settings
from experiments.evidence.studies import Study
from experiments.evidence.trained import others, train, trials
from experiments.pretrainings import pretrain


def everything(settings: Settings, out: Path, workers: int) -> None:
    """Carry out what is missing and write the report."""
    mixed = settings.mixed()
    with pool(workers) as processes:
        elsewhere = [domain.tested for domain in settings.domains()]
        for cohort in (settings.freshly(), *elsewhere, *settings.pathologies()):
            processes.submit(make, cohort, workers).result()
        processes.submit(mix, mixed, settings.parts(), workers).result()
        first, *rest = [*settings.pretrainings(), *settings.ablated()]
        threads = 1 if rest else workers  # a single one may have every core
        all_of(processes, "pretraining", pretrain, [(one, mixed, threads) for one in (first, *rest)])
        carry_out(processes, settings.study(), settings.sources())
        write_report(settings, out)
        carry_out_classes(processes, settings)
        carry_out_ablations(processes, settings)
        write_report(settings, out)
        carry_out_trainings(processes, settings)
    write_report(settings, out)


def all_of(processes: Executor, what: str, work: Callable[..., None], jobs: Iterable[tuple[object, ...]]) -> None:
    """Carry out jobs in the workers and show how far they are; the first error ends it."""
    asked = [processes.submit(work, *job) for job in jobs]
    for one in track(as_completed(asked), what, total=len(asked)):
        one.result()


def carry_out(processes: Executor, study: Study, sources: Sequence[Source]) -> None:
    """Look at everybody with every encoder, then solve the heads of all arms."""
    looks = [(study.out, source, portion) for source in sources for portion in portions(study)]
    all_of(processes, "features", extract, looks)
    all_of(processes, "probes", probe, [(study, source, arm) for source in sources for arm in source.arms])


def carry_out_classes(processes: Executor, settings: Settings) -> None:
    """Look at hearts of each pathology, then solve the classifiers."""
    of_each, out, sources = settings.pathologies(), settings.study().out, settings.sources()
    if of_each:
        looks = [(out, source, portion(cohort)) for source in sources for cohort in of_each]
        all_of(processes, "pathologies", extract, looks)
        jobs = [(out, source, arm, of_each, settings.draws) for source in sources for arm in source.arms]
        all_of(processes, "classifiers", classify, jobs)


def carry_out_ablations(processes: Executor, settings: Settings) -> None:
    """Compare what changes of the objective do, on the development cohort."""
    if settings.ablations:
        compared = settings.ablated()
        sources = [pretrained(one.checkpoint, TOKENS) for one in compared]
        carry_out(processes, settings.development_study(), [*controls(compared[0].checkpoint), *sources])


def carry_out_trainings(processes: Executor, settings: Settings) -> None:
    """Train networks with the labels: all rates with the first draw, the best one with the others."""
    if settings.trained:
        study, checkpoint = settings.study(), settings.pretrainings()[0].checkpoint
        jobs = [(study, run, checkpoint) for run in trials(settings.trained)]
        all_of(processes, "rates", train, jobs)
        jobs = [(study, run, checkpoint) for run in others(study, settings.trained)]
        all_of(processes, "trainings", train, jobs)
