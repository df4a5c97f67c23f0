"""The evidence: everything, for a night on two cores; or `quick`; or `probe`, the table of given checkpoints.

python -m experiments.evidence [--pretrainings 2] [--heads | --trained 100] [--workers 2]
python -m experiments.evidence quick
python -m experiments.evidence probe --checkpoints CKPT ... --cohort COHORT --cache CACHE --out OUT
"""

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from experiments.cohorts import DEVELOPMENT_FRACTIONS, FOLDER, Cohort
from experiments.evidence.arms import SHIPPED, TOKENS
from experiments.evidence.given import probe_checkpoints
from experiments.evidence.run import everything
from experiments.evidence.settings import Settings, quick
from experiments.evidence.studies import Study


def probe(asked: Namespace) -> None:
    """Write and print the probe table of some checkpoints."""
    first, second, third = asked.fractions
    cohort = Cohort("given", asked.cohort, asked.cache, fractions=(first, second, third))
    sizes = {"labels": tuple(asked.labels), "draws": asked.draws, "pool": asked.pool, "tested": asked.tested}
    probe_checkpoints(Study(asked.out, cohort, **sizes), asked.checkpoints, asked.arms, asked.apart, asked.workers)


def whole(asked: Namespace) -> None:
    """Carry out the whole evidence."""
    some = Settings(asked.folder).part(asked.pretrainings, asked.heads, tuple(asked.trained))
    everything(some, asked.report, asked.workers)


def shortest(asked: Namespace) -> None:
    """Carry out its shortest honest version; its page lies beside its runs."""
    settings = quick(asked.folder)
    everything(settings, settings.folder, asked.workers)
    print(f"{settings.folder / 'evidence.md'} says what came out.")


def main() -> None:
    """Read the command line and do what it says."""
    shape = RawDescriptionHelpFormatter
    parser = ArgumentParser(prog="python -m experiments.evidence", description=__doc__, formatter_class=shape)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where cohorts, runs and features lie")
    parser.add_argument("--report", type=Path, default=Path("docs"), help="where the page and its figures go")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--pretrainings", type=int, default=2, help="with seeds of their own; each takes an hour or two of a core"
    )
    some = parser.add_mutually_exclusive_group()
    some.add_argument("--heads", action="store_true", help="no ablations, no networks trained with labels")
    some.add_argument(
        "--trained", type=int, nargs="+", default=(), help="networks with so many labels only, one draw, no ablations"
    )
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
