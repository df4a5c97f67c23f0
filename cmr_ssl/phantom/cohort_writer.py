"""Write a cohort: one folder a subject, one table, able to go on where it was stopped."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from cmr_ssl.cohort.synthetic import PHANTOM
from cmr_ssl.phantom.cohort_spec import PRESETS, CohortSpec, PresetName
from cmr_ssl.phantom.follow_up import describe
from cmr_ssl.phantom.patients import patient
from cmr_ssl.phantom.person import FIRST_ID, scan, subject_id
from cmr_ssl.phantom.series_files import write_series
from cmr_ssl.phantom.truth_table import Row, row, session_row
from cmr_ssl.workers import pool

SETTINGS = PHANTOM
TABLE = "phenotypes.csv"
ROW = "phenotypes.json"  # one subject's line of the table, in the subject's folder
SESSIONS = "scanners.csv"
SESSION = "scanner.json"  # one subject's line of that table, likewise
FOLLOW_UP = "follow_up.json"  # how patients fall ill, and how well that can be told at best
PARTIAL = ".writing-"


class Filing(NamedTuple):
    """How a cohort lies on disk.

    Attributes:
        settings: what its folder says of it beside the order.
        row: file under the folder that a finished subject has, given the id.
        write: write one subject into the folder; that file comes last.
        gather: write the tables of all finished subjects.
        megabytes: of one subject, generously.
    """

    settings: dict[str, str]
    row: Callable[[str], str]
    write: Callable[[Path, CohortSpec, int], None]
    gather: Callable[[Path, CohortSpec], None]
    megabytes: dict[PresetName, int]


def write_subject(out: Path, order: CohortSpec, index: int) -> None:
    """Image subject `index` and file it; the folder appears whole or not at all."""
    study = scan(order, index)
    name = subject_id(index)
    partial = out / f"{PARTIAL}{name}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    frame_ms = study.world.scene.heart.beat.rr_ms / PRESETS[order.preset].frames
    try:
        for series in study.series:
            write_series(partial, series, frame_ms)
        for file, line in ((SESSION, session_row(int(name), study)), (ROW, row(int(name), study))):
            (partial / file).write_text(json.dumps(line, indent=1) + "\n")
        partial.replace(out / name)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def write_table(out: Path, order: CohortSpec) -> None:
    """Gather the lines of all finished subjects, who they are and what scanned them, and add the patients to it."""
    rows, sessions = (
        [json.loads(path.read_text()) for path in sorted(out.glob(f"*/{line}"))] for line in (ROW, SESSION)
    )
    save_patients(out, order, rows)
    save_table(out / SESSIONS, sessions)


def save_patients(out: Path, order: CohortSpec, rows: list[Row]) -> None:
    """Write the table of subjects with their patients, and what is to be known of their follow-up."""
    patients = [patient(order, int(row["eid"]) - FIRST_ID) for row in rows]
    save_table(out / TABLE, [row | more for row, more in zip(rows, patients, strict=True)])
    (out / FOLLOW_UP).write_text(json.dumps(describe(patients), indent=1) + "\n")


def save_table(path: Path, rows: list[Row], columns: list[str] | None = None) -> None:
    """Write a table as CSV, whole or not at all."""
    import pandas as pd

    partial = path.with_name(f"{PARTIAL}{path.name}")
    pd.DataFrame(rows, columns=columns).to_csv(partial, index=False, float_format="%.4f")
    partial.replace(path)


def nifti_row(subject: str) -> str:
    """Return where a subject's line of the table lies."""
    return f"{subject}/{ROW}"


NIFTI = Filing({}, nifti_row, write_subject, write_table, {"full": 70, "short": 25, "small": 5})


def open_cohort(out: Path, order: CohortSpec, subjects: int, overwrite: bool, filing: Filing = NIFTI) -> None:
    """Make `out` ready to take subjects of this order, and clear away what a killed run left half-written.

    Raises:
        ValueError: if the folder holds something else, a cohort of other settings, or too little space is left.
    """
    wanted = order.settings() | filing.settings
    settings = json.dumps(wanted, indent=1) + "\n"
    present = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if present and SETTINGS not in present:
        raise ValueError(f"{out} is not empty and holds no synthetic cohort (no {SETTINGS}): choose another --out")
    if present and (out / SETTINGS).read_text() != settings and not overwrite:
        raise ValueError(
            f"{out} holds a cohort of other settings ({_differences(out, wanted)}): choose another --out, "
            "or replace it with --overwrite"
        )
    for name in present:
        if name.startswith(PARTIAL) or (overwrite and name.startswith((str(FIRST_ID)[:3], TABLE, SESSIONS, FOLLOW_UP))):
            _remove(out / name)
    out.mkdir(parents=True, exist_ok=True)
    _check_space(out, filing.megabytes[order.preset], len(_missing(out, subjects, filing)))
    (out / SETTINGS).write_text(settings)


def write_cohort(out: Path, order: CohortSpec, subjects: int, workers: int, filing: Filing = NIFTI) -> Iterator[int]:
    """Write the subjects that are not there yet, then the table; yield the number of finished subjects."""
    missing = _missing(out, subjects, filing)
    done = subjects - len(missing)
    yield done
    for count, _ in enumerate(_each(out, order, missing, min(workers, len(missing)), filing), start=1):
        yield done + count
    filing.gather(out, order)


def _differences(out: Path, wanted: dict[str, object]) -> str:
    there = json.loads((out / SETTINGS).read_text())
    pairs = [(key, there.get(key), wanted.get(key)) for key in {**wanted, **there}]
    return ", ".join(f"{key} {old!r}, not {new!r}" for key, old, new in pairs if old != new)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _check_space(out: Path, megabytes: int, missing: int) -> None:
    needed, free = missing * megabytes, shutil.disk_usage(out).free // 10**6
    if needed > free:
        raise ValueError(
            f"{missing} subjects need about {needed} MB, but only {free} MB are free at {out}: ask for fewer "
            "--subjects, use --preset small, or choose another --out"
        )


def _missing(out: Path, subjects: int, filing: Filing) -> list[int]:
    return [index for index in range(1, subjects + 1) if not (out / filing.row(subject_id(index))).is_file()]


def _each(out: Path, order: CohortSpec, indices: list[int], workers: int, filing: Filing) -> Iterator[None]:
    if workers <= 1:
        for index in indices:
            filing.write(out, order, index)
            yield
        return
    with pool(workers) as processes:
        yield from processes.map(filing.write, [out] * len(indices), [order] * len(indices), indices)
