"""What somebody sees while a cohort is imported or prepared: a bar, and at the end what came out and why not more."""

from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from cmr_ssl.data.journal import Done

MOST_REASONS = 8  # lines of the summary; the table holds them all


class Tally:
    """Counts subjects as they finish and shows the count; use it as a context."""

    def __init__(self, total: int, doing: str = "preparing") -> None:
        """Start a bar of `total` subjects, named by what is being done to them."""
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
    ) -> None:
        """Leave the bar as it stands."""
        self._bar.stop()

    @property
    def usable(self) -> int:
        """How many subjects are not rejected so far."""
        return self.statuses["accepted"] + self.statuses["repaired"]

    def add(self, subject: Done) -> None:
        """Count a subject, prepared now or by an earlier run."""
        self.statuses[subject.status] += 1
        self.reasons.update(subject.reasons)
        self._bar.update(self._task, advance=1, rejected=self.statuses["rejected"])

    def stop(self, sentence: str) -> None:
        """Say why the command ends early."""
        self._bar.stop()
        self._console.print(sentence, style="bold red", markup=False, soft_wrap=True)

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


class _Rate(ProgressColumn):
    """Subjects a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "")
