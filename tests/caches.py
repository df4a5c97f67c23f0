"""A prepared cache of tiny subjects whose geometry can be told by hand.

Each plane shows a bright disc around the heart's centre over noise, beating; the long-axis planes hold the long axis.
"""

import dataclasses
from pathlib import Path

import numpy as np

from cmr_ssl.cohort.cohort_table import write_cohort
from cmr_ssl.commands.prepare import open_cache
from cmr_ssl.files import digest
from cmr_ssl.journal import RECORDS, Record, to_line
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS, VIEWS
from cmr_ssl.preparation.cache import PreparedSubject, write_subject
from cmr_ssl.preparation.preparation import METHOD, Preparation

SIZE, FRAMES, SPACING_MM, GAP_MM = 16, 8, 8.0, 10.0
PREPARATION = Preparation(size=SIZE, spacing_mm=SPACING_MM, frames=FRAMES)
SETTINGS = {"preparation": dataclasses.asdict(PREPARATION), "method": METHOD}
DEGREES = dict(zip(LONG_AXIS, (90.0, 30.0, 150.0), strict=True))

# subject -> slices and long-axis views; the default hash puts 18 of them into train, 3 into val and 3 into test
COHORT = {str(900000080 + k): (5 + k % 6, LONG_AXIS[: 1 + k % 3]) for k in range(24)}


def place(column, row, middle, step=SPACING_MM, size=SIZE) -> np.ndarray:
    """Return the affine of a plane with these axis directions and this middle, mm, of square pixels."""
    affine = np.eye(4)
    affine[:3, :2] = step * np.stack([column, row], axis=1)
    affine[:3, 2] = np.cross(column, row)
    affine[:3, 3] = np.asarray(middle) - affine[:3, :2].sum(axis=1) * (size - 1) / 2
    return affine


def short_axis(height_mm=0.0, **grid) -> np.ndarray:
    """Return the affine of a short-axis slice at this height in the heart frame."""
    return place([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, height_mm], **grid)


def long_axis(view, **grid) -> np.ndarray:
    """Return the affine of a long-axis plane through the heart's centre."""
    angle = np.radians(DEGREES[view])
    return place([np.cos(angle), np.sin(angle), 0.0], [0.0, 0.0, -1.0], [0.0, 0.0, 0.0], **grid)


def heights(slices) -> np.ndarray:
    """Return where the slices of a stack lie, base first, mm."""
    return GAP_MM * ((slices - 1) / 2 - np.arange(slices))


def cines(planes, seed) -> np.ndarray:
    """Return beating discs over noise, (P, T, H, W) uint8."""
    noise = np.random.default_rng(seed).normal(40, 10, (planes, FRAMES, SIZE, SIZE))
    away = np.hypot(*(np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2))
    radius = SIZE / 4 * (1 - 0.3 * np.sin(np.pi * np.arange(FRAMES) / FRAMES) ** 2)
    return (noise + 150 * (away < radius[:, None, None])).clip(0, 255).astype(np.uint8)


def prepared(slices, views, seed=0, labelled=()) -> PreparedSubject:
    """Return a prepared subject; `labelled` lists (plane, frame) with label maps of class plane + 1."""
    affine = [short_axis(height) for height in heights(slices)] + [long_axis(view) for view in views]
    count = len(affine)
    return PreparedSubject(
        images=cines(count, seed),
        affine=np.array(affine, dtype=np.float32).reshape(-1, 4, 4),
        view=np.array([VIEWS.index(view) for view in (SHORT_AXIS,) * slices + tuple(views)], dtype=np.uint8),
        slice=np.array([*range(slices), *[0] * len(views)], dtype=np.int16),
        acquired=np.ones((count, FRAMES), dtype=np.uint8),
        to_heart=np.eye(4),
        labelled=np.array(labelled, dtype=np.int16).reshape(-1, 2),
        labels=np.array([np.full((SIZE, SIZE), plane + 1) for plane, _ in labelled], np.uint8).reshape(-1, SIZE, SIZE),
        annotated=np.ones((count, 6), dtype=np.uint8),
    )


def record(subject, slices, views, **changes) -> Record:
    """Return the journal's line on a subject."""
    facts = Record(
        subject=subject,
        status="accepted",
        settings=digest(SETTINGS),
        fingerprint="",
        planes=slices + len(views),
        sa_slices=slices,
        views=",".join([SHORT_AXIS] * (slices > 0) + list(views)),
        frames=FRAMES,
        cine=True,
        beat_ms=900.0,
        spacing_mm=SPACING_MM,
    )
    return dataclasses.replace(facts, **changes)


def write_cache(cache: Path, cohort, **changes) -> Path:
    """Write a complete cache; `changes` of the table by subject, as in ``s900000001={"cine": False}``."""
    open_cache(cache, SETTINGS, digest(SETTINGS))
    lines = []
    for seed, (subject, (slices, views)) in enumerate(cohort.items()):
        write_subject(cache, subject, prepared(slices, views, seed), digest(SETTINGS))
        lines.append(to_line(record(subject, slices, views, **changes.get(f"s{subject}", {}))))
    (cache / RECORDS).write_text("".join(lines))
    write_cohort(cache, digest(SETTINGS), set(cohort))
    return cache
