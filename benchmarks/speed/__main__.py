"""``python -m benchmarks.speed``: measure speed and memory beside the published design and print one table.

On a machine that does other things too, threads wait for each other: there, ``OMP_NUM_THREADS=1`` measures one core.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from benchmarks.speed import finetuning, flaws, loader, peak, scaling, serving, step
from benchmarks.speed.random_studies import grid
from benchmarks.speed.table import Row, document, terminal
from benchmarks.speed.training import hush
from experiments.machine import description

WIDTH = 120  # of the table, characters, also where the terminal does not say how wide it is


class Effort(NamedTuple):
    """How much is measured.

    Attributes:
        planes: of a study.
        sizes: planes of the studies that show how costs grow.
        rounds: steps of ours whose median counts.
        subjects: read again and again.
        seconds: for each measurement of reading and of matrix products.
    """

    planes: int
    sizes: tuple[int, ...]
    rounds: int
    subjects: int
    seconds: float


FULL = Effort(planes=9, sizes=(1, 2, 4, 9), rounds=3, subjects=2, seconds=5.0)
QUICK = Effort(planes=2, sizes=(1, 2), rounds=1, subjects=2, seconds=2.0)


def parts(effort: Effort) -> dict[str, Callable[[], list[Row]]]:
    """Return the measurements by name, in order; what one has measured the next ones use."""
    return {
        "step": lambda: step.rows(effort.planes, effort.rounds),
        "flaws": lambda: flaws.rows(effort.planes, effort.rounds),
        "scaling": lambda: scaling.rows(effort.sizes, effort.rounds),
        "loader": lambda: loader.rows(effort.planes, effort.subjects, effort.seconds, effort.rounds),
        "finetuning": lambda: finetuning.rows(effort.planes, 1),
        "serving": serving.rows,
        "peak": lambda: peak.rows(effort.planes, effort.seconds, effort.rounds),
    }


def parse() -> argparse.Namespace:
    """Return the options."""
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__, formatter_class=shape)
    parser.add_argument("--quick", action="store_true", help="few planes and steps: does it run? Ratios mean little")
    parser.add_argument("--only", choices=tuple(parts(QUICK)), help="measure one part")
    parser.add_argument("--out", type=Path, help="Markdown file to write the table to")
    return parser.parse_args()


def measured(effort: Effort, only: str | None, console: Console) -> Iterator[Row]:
    """Yield the rows of the parts asked for, saying what goes on."""
    for name, rows in parts(effort).items():
        if only in (None, name):
            with console.status(f"measuring: {name}"):
                yield from rows()


def main() -> None:
    """Measure and print."""
    hush()
    options, console = parse(), Console(stderr=True)
    effort = QUICK if options.quick else FULL
    title = f"Speed and memory, {effort.planes} planes, {grid(effort.planes).tokens} tokens"
    rows, notes = list(measured(effort, options.only, console)), description()
    output = Console(width=max(WIDTH, Console().width))
    output.print(terminal(rows, title), *notes, sep="\n")
    if options.out:
        options.out.write_text(document(rows, title, notes))


if __name__ == "__main__":
    main()
