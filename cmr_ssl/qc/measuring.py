"""Run the checks over a cohort."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file

from cmr_ssl.data.cache import PreparedSubject, raise_unless_damaged, subject_file
from cmr_ssl.data.checks.examine import examine
from cmr_ssl.data.checks.scene import Measure
from cmr_ssl.workers import pool

AT_ONCE = 8  # subjects that a worker is handed


def measure_cohort(cache: Path, subjects: Sequence[str], workers: int) -> Iterator[tuple[str, list[Measure]]]:
    """Yield each subject with what was measured on its planes, in the order given."""
    if workers <= 1:
        yield from ((subject, measure_subject(cache, subject)) for subject in subjects)
        return
    with pool(workers) as processes:
        yield from zip(
            subjects, processes.map(partial(measure_subject, cache), subjects, chunksize=AT_ONCE), strict=True
        )


def measure_subject(cache: Path, subject: str) -> list[Measure]:
    """Return what can be measured on a prepared subject's planes."""
    return examine(read_prepared(cache, subject))


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
