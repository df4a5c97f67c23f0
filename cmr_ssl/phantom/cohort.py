"""Write a cohort: one folder a subject, one table, able to go on where it was stopped."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from cmr_ssl.phantom.files import write_series
from cmr_ssl.phantom.order import PRESETS, Order, PresetName
from cmr_ssl.phantom.person import FIRST_ID, scan, subject_id
from cmr_ssl.phantom.table import row
from cmr_ssl.workers import pool

SETTINGS = "phantom.json"
TABLE = "phenotypes.csv"
ROW = "phenotypes.json"  # one subject's line of the table, in the subject's folder
PARTIAL = ".writing-"
MEGABYTES: dict[PresetName, int] = {"full": 70, "small": 5}  # of one subject, generously


def open_cohort(out: Path, order: Order, subjects: int, overwrite: bool) -> None:
    """Make `out` ready to take subjects of this order, and clear away what a killed run left half-written.

    Raises:
        ValueError: if the folder holds something else, a cohort of other settings, or too little space is left.
    """
    settings = json.dumps(order._asdict(), indent=1) + "\n"
    present = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if present and SETTINGS not in present:
        raise ValueError(f"{out} is not empty and holds no synthetic cohort (no {SETTINGS}): choose another --out")
    if present and (out / SETTINGS).read_text() != settings and not overwrite:
        raise ValueError(
            f"{out} holds a cohort of other settings ({_differences(out, order)}): choose another --out, "
            "or replace it with --overwrite true"
        )
    for name in present:
        if name.startswith(PARTIAL) or (overwrite and (name == TABLE or name.startswith(str(FIRST_ID)[:3]))):
            _remove(out / name)
    out.mkdir(parents=True, exist_ok=True)
    _check_space(out, order, len(_missing(out, subjects)))
    (out / SETTINGS).write_text(settings)


def _differences(out: Path, order: Order) -> str:
    there = json.loads((out / SETTINGS).read_text())
    pairs = [(key, there.get(key), value) for key, value in order._asdict().items()]
    return ", ".join(f"{key} {old!r}, not {new!r}" for key, old, new in pairs if old != new)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _check_space(out: Path, order: Order, missing: int) -> None:
    needed, free = missing * MEGABYTES[order.preset], shutil.disk_usage(out).free // 10**6
    if needed > free:
        raise ValueError(
            f"{missing} subjects need about {needed} MB, but only {free} MB are free at {out}: ask for fewer "
            "--subjects, use --preset small, or choose another --out"
        )


def _missing(out: Path, subjects: int) -> list[int]:
    return [index for index in range(1, subjects + 1) if not (out / subject_id(index) / ROW).is_file()]


def write_subject(out: Path, order: Order, index: int) -> None:
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
        (partial / ROW).write_text(json.dumps(row(int(name), study), indent=1) + "\n")
        partial.replace(out / name)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def write_cohort(out: Path, order: Order, subjects: int, workers: int) -> Iterator[int]:
    """Write the subjects that are not there yet, then the table; yield the number of finished subjects."""
    missing = _missing(out, subjects)
    done = subjects - len(missing)
    yield done
    for count, _ in enumerate(_each(out, order, missing, min(workers, len(missing))), start=1):
        yield done + count
    write_table(out)


def _each(out: Path, order: Order, indices: list[int], workers: int) -> Iterator[None]:
    if workers <= 1:
        for index in indices:
            write_subject(out, order, index)
            yield
        return
    with pool(workers) as processes:
        yield from processes.map(write_subject, [out] * len(indices), [order] * len(indices), indices)


def write_table(out: Path) -> None:
    """Gather the lines of all finished subjects into one table."""
    import pandas as pd

    rows = [json.loads(path.read_text()) for path in sorted(out.glob(f"*/{ROW}"))]
    partial = out / f"{PARTIAL}{TABLE}"
    pd.DataFrame(rows).to_csv(partial, index=False, float_format="%.4f")
    partial.replace(out / TABLE)
