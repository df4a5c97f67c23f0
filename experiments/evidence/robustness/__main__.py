"""What missing and flawed planes do to ways of reading phenotypes and labels: docs/robustness.md, resumable.

    python -m experiments.evidence.robustness [--workers 2] [--real CACHE]

It begins with the first pretraining of the evidence and its fresh hearts: heads for phenotypes are solved on raw
pixels, on tokens of the untrained encoder and on those of the pretrained one, and a ResNet learns phenotypes alone;
all are asked in every scenario. Two networks learn to segment. CACHE is of real cines, prepared with
configs/preparation/small.yaml.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from experiments.cohorts import FOLDER
from experiments.evidence.robustness.run import everything
from experiments.evidence.robustness.settings import Settings


def main() -> None:
    """Carry out what is missing and write the report."""
    shape = RawDescriptionHelpFormatter
    parser = ArgumentParser(
        prog="python -m experiments.evidence.robustness", description=__doc__, formatter_class=shape
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the evidence")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--real", type=Path, help="cache of real cines, prepared like the cohort")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of the page")
    asked = parser.parse_args()
    everything(Settings(asked.folder), asked.real, asked.out, asked.workers)


if __name__ == "__main__":
    main()
