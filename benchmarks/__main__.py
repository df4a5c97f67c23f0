"""``python -m benchmarks``: measure speed and memory beside the published design and print one table."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from benchmarks import device, loader, scaling, step
from benchmarks.machine import description
from benchmarks.subjects import grid
from benchmarks.table import Row, markdown, terminal


class Effort(NamedTuple):
    """How much is measured: planes of a study, the sizes for scaling, steps timed, subjects read and seconds."""

    planes: int
    sizes: tuple[int, ...]
    rounds: int
    subjects: int
    seconds: float


FULL = Effort(planes=9, sizes=(1, 2, 4, 9), rounds=2, subjects=4, seconds=5.0)
QUICK = Effort(planes=2, sizes=(1, 2), rounds=1, subjects=2, seconds=2.0)


def parts(effort: Effort) -> dict[str, Callable[[], list[Row]]]:
    """Return the measurements by name, in order; what one has measured the next ones use."""
    return {
        "step": lambda: step.rows(effort.planes, effort.rounds),
        "scaling": lambda: scaling.rows(effort.sizes, effort.rounds),
        "loader": lambda: loader.rows(effort.planes, effort.subjects, effort.seconds, effort.rounds),
        "device": lambda: device.rows(effort.planes, effort.seconds, effort.rounds),
    }


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
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
    options, console = parse(), Console(stderr=True)
    effort = QUICK if options.quick else FULL
    title = f"Speed and memory, {effort.planes} planes, {grid(effort.planes).tokens} tokens"
    rows, notes = list(measured(effort, options.only, console)), description()
    output = Console()
    output.print(terminal(rows, title), *notes, sep="\n")
    if options.out:
        options.out.write_text(markdown(rows, title, notes))


if __name__ == "__main__":
    main()
