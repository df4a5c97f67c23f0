"""Align, look, solve, and write the page; cut at any moment, the same command goes on.

python -m cmr_ssl phantom --out COHORT --subjects 1200 --seed 11 --preset small --workers 2
python -m cmr_ssl prepare --source COHORT --out CACHE --preparation configs/preparation/small.yaml --workers 2
python -m cmr_ssl fit --config configs/evidence/pretraining.yaml --data.cache CACHE --data.fractions '[0.72, 0.08, 0.2]'
python -m experiments.patients --cohort COHORT --cache CACHE --pretrained RUN --out OUT
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from cmr_ssl.files import save_text
from experiments.cohorts import DEVELOPMENT_FRACTIONS, Cohort
from experiments.machine import processor
from experiments.patients.report import page
from experiments.patients.run import everything
from experiments.patients.settings import Settings


def main() -> None:
    """Run what is not done and write the page."""
    shape = RawDescriptionHelpFormatter
    parser = ArgumentParser(prog="python -m experiments.patients", description=__doc__, formatter_class=shape)
    parser.add_argument("--cohort", type=Path, required=True, help="folder that `phantom` wrote")
    parser.add_argument("--cache", type=Path, required=True, help="folder that `prepare` wrote")
    parser.add_argument("--pretrained", type=Path, required=True, help="run or checkpoint of a masked pretraining")
    parser.add_argument("--out", type=Path, required=True, help="folder for everything that is made")
    parser.add_argument("--epochs", type=int, default=6, help="of the alignment")
    parser.add_argument("--page", type=Path, default=Path("docs/patients.md"))
    asked = parser.parse_args()
    cohort = Cohort("patients", asked.cohort, asked.cache, fractions=DEVELOPMENT_FRACTIONS)
    settings = Settings(cohort, asked.pretrained, asked.out, asked.epochs)
    save_text(asked.page, page(settings, everything(settings), processor()))
    print(f"wrote {asked.page}")


if __name__ == "__main__":
    main()
