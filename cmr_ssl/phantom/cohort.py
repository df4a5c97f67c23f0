"""Write a cohort: one folder a subject, one table, able to go on where it was stopped."""

import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.phantom.files import write_series
from cmr_ssl.phantom.measures import area_length, ejection, emptying, simpson
from cmr_ssl.phantom.pathology import Pathology
from cmr_ssl.phantom.person import PRESETS, Study, scan, subject_id
from cmr_ssl.phantom.population import Subject
from cmr_ssl.planes import SHORT_AXIS

SETTINGS = "phantom.json"
TABLE = "phenotypes.csv"
ROW = "phenotypes.json"  # one subject's row, in its folder

Row = dict[str, float | int | str]


class Order(NamedTuple):
    """What kind of cohort is wanted; the number of subjects is not part of it."""

    seed: int
    preset: str
    pathology: Pathology | None
    faults: str


def write_subject(out: Path, order: Order, index: int) -> None:
    """Image subject `index` and file it; the folder appears whole or not at all."""
    study = scan(order.seed, index, order.pathology, PRESETS[order.preset])
    name = subject_id(index)
    partial = out / f".writing-{name}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    frame_ms = study.world.scene.heart.beat.rr_ms / PRESETS[order.preset].frames
    for plan, got in study.series:
        write_series(partial, plan.view, got.pixels, got.labels, plan.affine, frame_ms)
    (partial / ROW).write_text(json.dumps(row(index, study), indent=1))
    os.replace(partial, out / name)


def row(index: int, study: Study) -> Row:
    """Return the subject's line of the table: who, exact volumes, and what the field's formulas read off the masks."""
    body = study.subject.body
    values: Row = {"eid": int(subject_id(index)), "Sex": int(body.male), "Age": body.age}
    values |= {"Height (cm)": body.height, "Weight (kg)": body.weight, "BSA (m2)": body.bsa}
    values |= {"Heart rate (bpm)": body.heart_rate, "Pathology": study.subject.pathology}
    values |= exact(study.subject)
    return values | {f"UKB {name}": value for name, value in read_off(study).items()}


def exact(subject: Subject) -> dict[str, float]:
    """Return the true volumes under the field's column names."""
    volumes = subject.volumes
    values = ejection("LV", volumes.lvedv, volumes.lvesv, subject.body.heart_rate)
    values |= {"LVM (g)": volumes.lvm} | ejection("RV", volumes.rvedv, volumes.rvesv)
    values |= emptying("LA", volumes.lavmax, volumes.lavmin)
    return values | emptying("RA", volumes.ravmax, volumes.ravmin)


def read_off(study: Study) -> dict[str, float]:
    """Return what the field's formulas give on the label maps as they are written."""
    values: dict[str, float] = {}
    long_axis = {}
    for plan, got in study.series:
        dx, dy, dz = np.linalg.norm(plan.affine[:3, :3], axis=0)
        if plan.view == SHORT_AXIS:
            values |= simpson(got.labels, (dx, dy, dz), study.subject.body.heart_rate)
        else:
            long_axis[plan.view] = got.labels[:, 0]
    return values | area_length(long_axis.get("la_2ch"), long_axis.get("la_4ch"), float(dx))


def write_cohort(out: Path, order: Order, subjects: int, workers: int) -> Iterator[int]:
    """Write what is not there yet and yield the number of finished subjects; write the table last."""
    missing = [index for index in range(1, subjects + 1) if not (out / subject_id(index) / ROW).is_file()]
    done = subjects - len(missing)
    yield done
    for count, _ in enumerate(_each(out, order, missing, workers), start=1):
        yield done + count
    write_table(out, subjects)


def _each(out: Path, order: Order, indices: list[int], workers: int) -> Iterator[None]:
    if workers == 1:
        yield from (write_subject(out, order, index) for index in indices)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(write_subject, [out] * len(indices), [order] * len(indices), indices)


def write_table(out: Path, subjects: int) -> None:
    """Gather the subjects' rows into one table."""
    import pandas as pd

    rows = [json.loads((out / subject_id(index) / ROW).read_text()) for index in range(1, subjects + 1)]
    partial = out / f".writing-{TABLE}"
    pd.DataFrame(rows).to_csv(partial, index=False, float_format="%.4f")
    os.replace(partial, out / TABLE)
