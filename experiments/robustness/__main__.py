"""What missing and flawed planes do to models that were trained in different ways: docs/robustness.md, resumable.

    python -m experiments.robustness [--workers 2] [--real CACHE]

Every model is pretrained like those of the evidence and on the same cohort, then a head for phenotypes is solved on the
frozen encoder; the ResNet learns phenotypes alone. Two networks learn to segment. `robustness` measures them all on the
same test subjects. CACHE is of real cines, prepared with configs/preparation/small.yaml.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from experiments.robustness.run import everything
from experiments.robustness.settings import Settings


def main() -> None:
    """Carry out what is missing and write the report."""
    shape = RawDescriptionHelpFormatter
    parser = ArgumentParser(prog="python -m experiments.robustness", description=__doc__, formatter_class=shape)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--real", type=Path, help="cache of real cines, prepared like the cohort")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of the page")
    asked = parser.parse_args()
    everything(Settings(), asked.real, asked.out, asked.workers)


if __name__ == "__main__":
    main()
