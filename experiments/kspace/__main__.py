"""Measure undersampled k-space, simulated from magnitudes, and write docs/kspace.md; goes on where it was cut.

    python -m benchmarks.kspace          # about twenty minutes of one core
    python -m benchmarks.kspace quick    # a few minutes: enough to see that it runs, too little to learn

It needs the development cohort and the first pretraining of the evidence (`python -m benchmarks.evidence`).
"""

from argparse import ArgumentParser
from pathlib import Path

import torch
from benchmarks.kspace.cines import measure_cines
from benchmarks.kspace.cost import measure_cost
from benchmarks.kspace.features import of_images, of_lines
from benchmarks.kspace.report import write_report
from benchmarks.kspace.settings import FOLDER, Settings, quick
from benchmarks.kspace.trained import pretrain, train_unet
from rich.progress import track

from cmr_ssl.workers import pool

STEPS = (pretrain, train_unet, of_lines, of_images, measure_cines, measure_cost)


def main() -> None:
    """Do what is missing and write the page."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("how", nargs="?", choices=("whole", "quick"), default="whole")
    parser.add_argument("--evidence", type=Path, default=FOLDER, help="folder of the evidence")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    asked = parser.parse_args()
    settings = quick(asked.evidence) if asked.how == "quick" else whole(asked.evidence)
    check(settings)
    settings.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for step in track(STEPS, "k-space"):
        with pool(1) as process:  # commands write where they like: a process of its own for each
            process.submit(step, settings).result()
    write_report(settings, asked.out, asked.how == "quick")


def whole(evidence: Path) -> Settings:
    """Return everything that is measured."""
    return Settings(evidence / "kspace", evidence)


def check(settings: Settings) -> None:
    """Raise FileNotFoundError where the evidence has not been made yet."""
    for path in (settings.cohort.table, settings.cohort.cache, settings.image_encoder):
        if not path.exists():
            raise FileNotFoundError(f"no {path}: make the evidence first, with python -m benchmarks.evidence")


if __name__ == "__main__":
    main()
