"""Run the checks over a cohort."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import track
from safetensors import SafetensorError
from safetensors.numpy import load_file

from cmr_ssl.data.cache import PreparedSubject, raise_unless_damaged, subject_file
from cmr_ssl.data.checks.examine import examine
from cmr_ssl.data.checks.scene import Measure
from cmr_ssl.workers import Workers, outcomes


def measure_cohort(cache: Path, subjects: Sequence[str], workers: Workers) -> Iterator[tuple[str, list[Measure]]]:
    """Yield each subject with what was measured on its planes, as they are done, and show how far that is."""
    console = Console(stderr=True)
    results = outcomes(workers, partial(measure_subject, cache), iter(subjects))
    yield from track(results, "measuring", len(subjects), console=console, disable=not console.is_terminal)


def measure_subject(cache: Path, subject: str) -> tuple[str, list[Measure]]:
    """Return a prepared subject with what can be measured on its planes."""
    return subject, examine(read_prepared(cache, subject))


def read_prepared(cache: Path, subject: str) -> PreparedSubject:
    """Read a subject of a cache.

    Raises:
        MachineFault: if the machine failed, not the file.
        ValueError: if its file is missing or damaged.
    """
    path = subject_file(cache, subject)
    try:
        return PreparedSubject(**load_file(path))
    except (OSError, SafetensorError, TypeError) as error:
        raise_unless_damaged(error, path)
        raise ValueError(f"{path} cannot be read ({error}): run `prepare` again") from error
