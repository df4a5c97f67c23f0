"""Measure undersampled k-space, simulated from magnitudes, and write docs/kspace.md; goes on where it was cut.

    python -m experiments.kspace          # less than an hour of two cores
    python -m experiments.kspace quick    # a few minutes: enough to see that it runs, too little to learn

It needs the development cohort, the fresh one and the first pretraining of the evidence
(`python -m experiments.evidence`); `quick` leaves the fresh one alone.
"""

from argparse import ArgumentParser
from pathlib import Path

from experiments.cohorts import FOLDER
from experiments.kspace.report import write_report
from experiments.kspace.run import everything
from experiments.kspace.settings import Settings, quick


def main() -> None:
    """Do what is missing and write the page."""
    parser = ArgumentParser(prog="python -m experiments.kspace", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("how", nargs="?", choices=("whole", "quick"), default="whole")
    parser.add_argument("--evidence", type=Path, default=FOLDER, help="folder of the evidence")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of the page")
    parser.add_argument("--workers", type=int, default=2, help="processes, each on one core")
    asked = parser.parse_args()
    brief = asked.how == "quick"
    settings = quick(asked.evidence) if brief else Settings(asked.evidence / "kspace", asked.evidence)
    everything(settings, asked.workers)
    write_report(settings, asked.out, brief)


if __name__ == "__main__":
    main()
