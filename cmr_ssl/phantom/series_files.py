"""Write a subject in the layout of UK Biobank's converted NIfTI folders, reproducible byte by byte."""

import gzip
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cmr_ssl import anatomy
from cmr_ssl.phantom.series_pixels import AcquiredSeries
from cmr_ssl.sources.nifti_output import nifti_image

Array = NDArray[np.float64]

VENTRICLES = {anatomy.LV: 1, anatomy.MYOCARDIUM: 2, anatomy.RV: 3}
SAME = {anatomy.LV: 1, anatomy.MYOCARDIUM: 2, anatomy.RV: 3, anatomy.LA: 4, anatomy.RA: 5}

# Usual label files of each view: file stem -> {class: value in the file}.
FIELD_LABELS: dict[str, dict[str, dict[int, int]]] = {
    "sa": {"seg_sa": VENTRICLES},
    "la_2ch": {"seg_la_2ch": {anatomy.LA: 1}},
    "la_3ch": {},
    "la_4ch": {"seg_la_4ch": {anatomy.LA: 1, anatomy.RA: 2}, "seg4_la_4ch": SAME},
}


def nifti_bytes(data: NDArray[np.int16] | NDArray[np.uint8], affine: Array, frame_ms: float) -> bytes:
    """Return a gzipped NIfTI file of data (T, S, Y, X), ordered as (X, Y, S, T), and an affine to RAS+ mm, (4, 4)."""
    image = nifti_image(data.T, affine, frame_ms)
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1, mtime=0, filename="") as stream:
        stream.write(image.to_bytes())
    return buffer.getvalue()


def write_series(folder: Path, series: AcquiredSeries, frame_ms: float) -> None:
    """Write one view: images, exact six-class labels, and the usual label files of that view."""
    view, affine = series.plan.view, series.plan.affine
    files: dict[str, NDArray[np.int16] | NDArray[np.uint8]] = {view: series.pixels, f"seg6_{view}": series.labels}
    for stem, numbering in FIELD_LABELS.get(view, {}).items():
        files[stem] = renumber(series.labels, numbering)
    for stem, data in files.items():
        (folder / f"{stem}.nii.gz").write_bytes(nifti_bytes(data, affine, frame_ms))


def renumber(labels: NDArray[np.uint8], numbering: dict[int, int]) -> NDArray[np.uint8]:
    """Return `labels` with classes renumbered; classes that are not named become 0."""
    table = np.zeros(256, np.uint8)
    table[list(numbering)] = list(numbering.values())
    return table[labels]
