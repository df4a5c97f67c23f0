"""The evidence: everything, for a night on two cores; or `quick`; or `probe`, the table of given checkpoints."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from benchmarks.evidence.arms import CONTROLS, SHIPPED, TOKENS, controls, pretrained
from benchmarks.evidence.cohorts import DEVELOPMENT_FRACTIONS, Cohort, make
from benchmarks.evidence.mixing import mix
from benchmarks.evidence.pretrainings import pretrain
from benchmarks.evidence.report import write_report
from benchmarks.evidence.results import comparisons, means, predictions
from benchmarks.evidence.running import (
    all_of,
    carry_out,
    carry_out_ablations,
    carry_out_classes,
    carry_out_trainings,
)
from benchmarks.evidence.settings import FOLDER, Settings, quick
from benchmarks.evidence.studies import Study
from benchmarks.evidence.tables import error_table, reduction_table
from rich.console import Console
from rich.markdown import Markdown

from cmr_ssl.workers import pool


def probe(asked: Namespace) -> None:
    """Write and print the probe table of some checkpoints."""
    first, second, third = asked.fractions
    cohort = Cohort("given", asked.cohort, asked.cache, fractions=(first, second, third))
    study = Study(
        asked.out,
        cohort,
        labels=tuple(asked.labels),
        draws=asked.draws,
        pool=asked.pool,
        tested=asked.tested,
    )
    sources = [*controls(asked.checkpoints[0]), *(pretrained(path, *asked.arms) for path in asked.checkpoints)]
    with pool(asked.workers) as processes:
        carry_out(processes, study, sources)
    wanted = {source.name for source in sources}
    found = predictions(study.out)
    found = found[found["pretraining"].isin(wanted)]
    if asked.apart:  # each checkpoint by itself, not as seeds of one way to pretrain
        pretrainings = found["pretraining"].where(~found["arm"].isin(CONTROLS), "")
        found["arm"] = (found["arm"] + " " + pretrainings).str.strip()
    arms = [arm for arm in found["arm"].unique() if arm not in CONTROLS]
    errors, differences = means(found), comparisons(found, [(arm, other) for arm in arms for other in CONTROLS])
    errors.to_csv(study.out / "errors.csv", index=False)
    differences.to_csv(study.out / "comparisons.csv", index=False)
    text = "\n\n".join([*error_table(errors), *reduction_table(differences)])
    (study.out / "probe.md").write_text(text + "\n")
    Console(width=200).print(Markdown(text))


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


def whole(asked: Namespace) -> None:
    """Carry out the whole evidence."""
    everything(Settings(asked.folder), asked.report, asked.workers)


def shortest(asked: Namespace) -> None:
    """Carry out its shortest honest version; its page lies beside its runs."""
    settings = quick(asked.folder)
    everything(settings, settings.folder, asked.workers)
    print(f"{settings.folder / 'evidence.md'} says what came out.")


def main() -> None:
    """Read the command line and do what it says."""
    parser = ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where cohorts, runs and features lie")
    parser.add_argument("--report", type=Path, default=Path("docs"), help="where the page and its figures go")
    parser.add_argument("--workers", type=int, default=2)
    parser.set_defaults(work=whole)
    commands = parser.add_subparsers()
    brief = commands.add_parser("quick", help="the shortest honest version: probes of one pretraining, half an hour")
    brief.set_defaults(work=shortest)
    one = commands.add_parser("probe", help="the probe table of given checkpoints of pretrainings, beside all controls")
    one.add_argument("--checkpoints", type=Path, nargs="+", required=True, help="of one encoder; several are its seeds")
    one.add_argument("--apart", action="store_true", help="checkpoints are ways to pretrain, not seeds of one")
    one.add_argument("--cohort", type=Path, required=True, help="folder that `phantom` wrote")
    one.add_argument("--cache", type=Path, required=True, help="folder that `prepare` wrote")
    one.add_argument("--fractions", type=float, nargs=3, default=DEVELOPMENT_FRACTIONS, help="of the pretraining")
    one.add_argument("--out", type=Path, required=True, help="folder for features, predictions and tables")
    one.add_argument("--labels", type=int, nargs="+", default=[10, 30, 100, 300])
    one.add_argument("--draws", type=int, default=5)
    one.add_argument("--pool", type=int, default=400, help="training subjects that may be labelled, at most")
    one.add_argument("--tested", type=int, default=200, help="test subjects, at most")
    one.add_argument("--arms", nargs="+", default=[TOKENS, SHIPPED], help="what is made of the encoders")
    one.set_defaults(work=probe)
    asked = parser.parse_args()
    asked.work(asked)


if __name__ == "__main__":
    main()
