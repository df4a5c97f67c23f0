"""Write a cohort: one folder a subject and one table; a stopped run can be continued."""

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from cmr_ssl.cohort.synthetic import PHANTOM
from cmr_ssl.phantom.cohort_spec import PRESETS, CohortSpec, PresetName
from cmr_ssl.phantom.follow_up import describe
from cmr_ssl.phantom.patients import patient_table_row
from cmr_ssl.phantom.person import FIRST_ID, scan, subject_id
from cmr_ssl.phantom.series_files import write_series
from cmr_ssl.phantom.truth_table import Row, session_row, truth_row
from cmr_ssl.workers import pool

SETTINGS = PHANTOM
TABLE = "phenotypes.csv"
ROW = "phenotypes.json"  # a subject's line of the table, in the subject's folder
SESSIONS = "scanners.csv"
SESSION = "scanner.json"  # a subject's line of that table, likewise
FOLLOW_UP = "follow_up.json"  # the hazard of patients and the best possible concordance
PARTIAL = ".writing-"


class CohortFormat(NamedTuple):
    """Layout of a cohort on disk."""

    settings: dict[str, str]  # entries in the cohort's settings beside those of its spec
    row_file: str  # path below the folder, given the id, of the file that marks a finished subject
    write: Callable[[Path, CohortSpec, int], None]  # writes one subject into the folder, that file last
    write_tables: Callable[[Path, CohortSpec], None]  # writes the tables of all finished subjects
    megabytes: dict[PresetName, int]  # upper bound for one subject


def write_subject(out: Path, spec: CohortSpec, index: int) -> None:
    """Image and write subject `index`; the folder appears whole or not at all."""
    study = scan(spec, index, spec.visit)
    name = subject_id(index)
    unfinished = out / f"{PARTIAL}{name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    frame_ms = study.world.scene.heart.beat.rr_ms / PRESETS[spec.preset].frames
    try:
        for series in study.series:
            write_series(unfinished, series, frame_ms)
        for file, line in ((SESSION, session_row(int(name), study)), (ROW, truth_row(int(name), study))):
            (unfinished / file).write_text(json.dumps(line, indent=1) + "\n")
        unfinished.replace(out / name)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def write_table(out: Path, spec: CohortSpec) -> None:
    """Write the tables of all finished subjects: truth with patients, and scanning sessions."""
    rows, sessions = (
        [json.loads(path.read_text()) for path in sorted(out.glob(f"*/{line}"))] for line in (ROW, SESSION)
    )
    save_patients(out, spec, rows)
    save_table(out / SESSIONS, sessions)


def save_patients(out: Path, spec: CohortSpec, rows: list[Row]) -> None:
    """Write the table of subjects with their patients, and the description of their follow-up."""
    patients = [patient_table_row(spec, int(row["eid"]) - FIRST_ID) for row in rows]
    save_table(out / TABLE, [row | more for row, more in zip(rows, patients, strict=True)])
    (out / FOLLOW_UP).write_text(json.dumps(describe(patients), indent=1) + "\n")


def save_table(path: Path, rows: list[Row], columns: list[str] | None = None) -> None:
    """Write a table as CSV, whole or not at all."""
    import pandas as pd

    unfinished = path.with_name(f"{PARTIAL}{path.name}")
    pd.DataFrame(rows, columns=columns).to_csv(unfinished, index=False, float_format="%.4f")
    unfinished.replace(path)


NIFTI = CohortFormat({}, f"{{}}/{ROW}", write_subject, write_table, {"full": 70, "short": 25, "small": 5})


def open_cohort(out: Path, spec: CohortSpec, subjects: int, overwrite: bool, layout: CohortFormat = NIFTI) -> None:
    """Prepare `out` for the subjects of a spec, and remove unfinished files of a killed run.

    Raises:
        ValueError: if the folder holds something else or a cohort of other settings, or the disk is too full.
    """
    requested = spec.settings() | layout.settings
    settings = json.dumps(requested, indent=1) + "\n"
    present = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if present and SETTINGS not in present:
        raise ValueError(f"{out} is not empty and holds no synthetic cohort (no {SETTINGS}): choose another --out")
    if present and (out / SETTINGS).read_text() != settings and not overwrite:
        raise ValueError(
            f"{out} holds a cohort of other settings ({_differences(out, requested)}): choose another --out, "
            "or replace it with --overwrite"
        )
    for name in present:
        if name.startswith(PARTIAL) or (overwrite and name.startswith((str(FIRST_ID)[:3], TABLE, SESSIONS, FOLLOW_UP))):
            _remove(out / name)
    out.mkdir(parents=True, exist_ok=True)
    _check_space(out, layout.megabytes[spec.preset], len(_missing(out, subjects, layout)))
    (out / SETTINGS).write_text(settings)


def write_cohort(
    out: Path, spec: CohortSpec, subjects: int, workers: int, layout: CohortFormat = NIFTI
) -> Iterator[int]:
    """Write the missing subjects, then the tables; yield the number of finished subjects."""
    missing = _missing(out, subjects, layout)
    done = subjects - len(missing)
    yield done
    for count, _ in enumerate(_write_each(out, spec, missing, min(workers, len(missing)), layout), start=1):
        yield done + count
    layout.write_tables(out, spec)


def _differences(out: Path, requested: dict[str, object]) -> str:
    present = json.loads((out / SETTINGS).read_text())
    pairs = [(key, present.get(key), requested.get(key)) for key in {**requested, **present}]
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


def _missing(out: Path, subjects: int, layout: CohortFormat) -> list[int]:
    return [
        index for index in range(1, subjects + 1) if not (out / layout.row_file.format(subject_id(index))).is_file()
    ]


def _write_each(out: Path, spec: CohortSpec, indices: list[int], workers: int, layout: CohortFormat) -> Iterator[None]:
    write = partial(layout.write, out, spec)
    if workers <= 1:
        yield from map(write, indices)
        return
    with pool(workers) as processes:
        yield from processes.map(write, indices)
