"""One synthetic subject as a study, as if its files had been read."""

from typing import get_args

import numpy as np

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.phantom.cohort_spec import PRESETS, CohortSpec, FaultsName, PathologyName, PresetName
from cmr_ssl.phantom.person import scan, subject_id
from cmr_ssl.phantom.scanner import read_scanner
from cmr_ssl.phantom.series_pixels import AcquiredSeries
from cmr_ssl.study import Series, Study

DRAWN = tuple(range(1, len(CLASSES)))


def phantom(
    seed: int = 7,
    subject: int = 1,
    preset: PresetName = "full",
    faults: FaultsName = "none",
    pathology: PathologyName = "mixed",
    scanner: str = "default",
) -> Study:
    """Make a synthetic study with exact labels; subject k of a seed is the one that the command `phantom` writes.

    Args:
        seed: of the cohort.
        subject: its number, from 1.
        preset: full is UK Biobank's resolution; short has 16 frames of it and is quicker; small also has pixels of
            twice the size and is quicker still.
        faults: default for faults at the rates of real scanners.
        pathology: of the subject; mixed to draw it as in a cohort.
        scanner: name of a file in `configs/scanners`, or a YAML file.

    Raises:
        ValueError: if there is no such subject, preset, faults, pathology or scanner.
    """
    if seed < 0 or subject < 1:
        raise ValueError(f"there is no subject {subject} of seed {seed}: subjects count from 1, seeds from 0")
    for name, kind in ((preset, PresetName), (faults, FaultsName), (pathology, PathologyName)):
        if name not in get_args(kind):
            raise ValueError(f"no phantom is {name!r}: choose one of {', '.join(get_args(kind))}")
    made = scan(CohortSpec(seed, preset, pathology, faults, scanner=read_scanner(scanner)), subject)
    frame_ms = made.world.scene.heart.beat.rr_ms / PRESETS[preset].frames
    return Study(subject_id(subject), [_series(acquired, frame_ms) for acquired in made.series])


def _series(acquired: AcquiredSeries, frame_ms: float) -> Series:
    """Return one view in the order of NIfTI, (X, Y, S, T), every slice and frame acquired."""
    pixels = acquired.pixels.T
    affine = acquired.plan.affine.astype(np.float32).astype(np.float64)  # the precision of a file
    present = np.ones(pixels.shape[2:], dtype=bool)
    return Series(acquired.plan.view, pixels, affine, frame_ms, present, acquired.labels.T, DRAWN)
