"""UK Biobank's way on synthetic archives with known faults, from zips to a pretraining; writes docs/archives.md.

    python -m experiments.archives [--subjects 500] [--compared 100] [--workers 2] [--out docs]

A stage that ended leaves its times and is not repeated; one that was cut goes on, and its times are not told.
"""

from argparse import ArgumentParser
from pathlib import Path

from experiments.archives.report import write_report
from experiments.archives.run import carry_out
from experiments.archives.settings import RUNS, stages


def main() -> None:
    """Carry out what is missing and write the report."""
    parser = ArgumentParser(prog="python -m experiments.archives", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--subjects", type=int, default=500)
    parser.add_argument("--compared", type=int, default=100, help="subjects whose images are compared bit by bit")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of the page")
    asked = parser.parse_args()
    folder = RUNS / f"archives-{asked.subjects}"
    folder.mkdir(parents=True, exist_ok=True)
    way = stages(folder, asked.subjects, asked.compared, asked.workers)
    for stage in way:
        print(f"{stage.name} ...", flush=True)
        carry_out(stage, folder)
    write_report(folder, [stage.name for stage in way], asked.out)


if __name__ == "__main__":
    main()
