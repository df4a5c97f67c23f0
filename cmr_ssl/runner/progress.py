"""What somebody sees of a run: a bar, and at the end what came out and why not more, or why it stopped."""

from collections import Counter
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from cmr_ssl.journal import Done
from cmr_ssl.machine import KILLED, NO_MEMORY, MachineFault, in_words
from cmr_ssl.workers import ClusterTrouble

MOST_REASONS = 8  # lines of the summary; the table holds them all
STOPPED = (OSError, MemoryError, MachineFault, BrokenProcessPool, ClusterTrouble, KeyboardInterrupt)


class Tally:
    """Counts subjects as they end and shows the count; use it as a context, which ends what cannot go on in a sentence.

    Attributes:
        statuses: how many subjects ended how.
        reasons: how often what was found.
        stopped: whether the work was cut short.
    """

    def __init__(self, doing: str, out: Path, total: int) -> None:
        """Start a bar.

        Args:
            doing: what is being done to subjects, such as preparing.
            out: what is written to.
            total: how many subjects there are.
        """
        self.doing, self.out, self.stopped = doing, out, False
        self.statuses: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn(doing),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[rejected]} rejected"),
            console=self._console,
        )
        self._task = self._bar.add_task("", total=total, rejected=0)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Leave the bar as it stands, and say why the work stops if a machine or somebody stopped it."""
        self._bar.stop()
        self.stopped = isinstance(error, STOPPED)
        if error is not None and self.stopped:
            sentence = stopped(error, self.out, self.doing.capitalize())
            self._console.print(sentence, style="bold red", markup=False, soft_wrap=True)
        return self.stopped

    @property
    def usable(self) -> int:
        """How many subjects are not rejected so far."""
        return self.statuses["accepted"] + self.statuses["repaired"]

    @property
    def status(self) -> int:
        """Exit status of the command: 0 if anything usable came out and nothing stopped it, else 1."""
        return 0 if self.usable and not self.stopped else 1

    def add(self, subject: Done) -> None:
        """Count a subject, prepared now or by an earlier run."""
        self.statuses[subject.status] += 1
        self.reasons.update(subject.reasons)
        self._bar.update(self._task, advance=1, rejected=self.statuses["rejected"])

    def say(self, sentence: str) -> None:
        """Say something about what came out, if it is anything."""
        if sentence:
            self._console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def close(self, table: Path) -> None:
        """Show the summary."""
        self._bar.stop()
        summary = Table("status", "subjects", title=None, box=None)
        for status in ("accepted", "repaired", "rejected"):
            summary.add_row(status, str(self.statuses[status]))
        self._console.print(summary)
        for reason, count in self.reasons.most_common(MOST_REASONS):
            self._console.print(f"{count:8d}  {reason}", markup=False, highlight=False)
        self._console.print(f"The table with every reason: {table}", markup=False, highlight=False, soft_wrap=True)


def stopped(error: BaseException, folder: Path, doing: str) -> str:
    """Say in one sentence why a command that writes to a folder stopped and how to go on."""
    if isinstance(error, OSError):
        return f"{doing} stopped: {in_words(error, folder)}."
    if isinstance(error, BrokenProcessPool):
        reason = KILLED
    elif isinstance(error, KeyboardInterrupt):
        reason = "interrupted"
    else:
        reason = NO_MEMORY if isinstance(error, MemoryError) else str(error)
    return f"{doing} stopped: {reason}; run the same command again to continue."


class _Rate(ProgressColumn):
    """Subjects a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "")
