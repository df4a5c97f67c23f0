"""Align, measure, and write docs/patients.md; cut at any moment, the same command goes on.

    python -m experiments.patients          # less than half an hour of one core

It needs the cohorts and the first pretraining of the evidence (`python -m experiments.evidence`).
"""

from argparse import ArgumentParser
from pathlib import Path

from experiments.cohorts import FOLDER
from experiments.patients.report import write_report
from experiments.patients.run import everything
from experiments.patients.settings import Settings


def main() -> None:
    """Do what is missing and write the page."""
    parser = ArgumentParser(prog="python -m experiments.patients", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--evidence", type=Path, default=FOLDER, help="folder of the evidence")
    parser.add_argument(
        "--folder", type=Path, help="where everything that is made lies; inside the evidence if not said"
    )
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of the page")
    asked = parser.parse_args()
    settings = Settings(asked.evidence, asked.folder or asked.evidence / "patients")
    write_report(settings, everything(settings), asked.out)
    print(f"wrote {asked.out / 'patients.md'}")


if __name__ == "__main__":
    main()
