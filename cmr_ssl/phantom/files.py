"""File a subject as UK Biobank's converted NIfTI folders are filed, byte for byte the same for the same seed."""

import gzip
import io
from pathlib import Path

import numpy as np
from nibabel.nifti1 import Nifti1Image
from numpy.typing import NDArray

from cmr_ssl import anatomy
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS

Array = NDArray[np.float64]

# Label files in the field's own numbering: file stem -> {our class: value in the file}.
FIELD_LABELS = {
    "seg_sa": {anatomy.LV: 1, anatomy.MYOCARDIUM: 2, anatomy.RV: 3},
    "seg_la_2ch": {anatomy.LA: 1},
    "seg_la_4ch": {anatomy.LA: 1, anatomy.RA: 2},
    "seg4_la_4ch": {c: c for c in (anatomy.LV, anatomy.MYOCARDIUM, anatomy.RV, anatomy.LA, anatomy.RA)},
}
LABEL_VIEW = {"seg_sa": SHORT_AXIS, **{stem: stem[-6:] for stem in FIELD_LABELS if stem != "seg_sa"}}


def nifti_bytes(data: NDArray[np.int16] | NDArray[np.uint8], affine: Array, frame_ms: float) -> bytes:
    """Return a gzipped NIfTI file.

    Args:
        data: (T, S, Y, X), the order in which NIfTI stores (X, Y, S, T).
        affine: voxel to RAS+ mm, (4, 4).
        frame_ms: time between frames.
    """
    image = Nifti1Image(data.T, affine)
    image.header.set_zooms((*np.linalg.norm(affine[:3, :3], axis=0), frame_ms / 1e3))
    image.header.set_xyzt_units("mm", "sec")
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1, mtime=0, filename="") as stream:
        stream.write(image.to_bytes())
    return buffer.getvalue()


def write_series(
    folder: Path, view: str, pixels: NDArray[np.int16], labels: NDArray[np.uint8], affine: Array, frame_ms: float
) -> None:
    """Write one view: images, exact six-class labels, and the field's own label files of that view."""
    _write(folder / f"{view}.nii.gz", nifti_bytes(pixels, affine, frame_ms))
    _write(folder / f"seg6_{view}.nii.gz", nifti_bytes(labels, affine, frame_ms))
    for stem, numbering in FIELD_LABELS.items():
        if LABEL_VIEW[stem] == view:
            _write(folder / f"{stem}.nii.gz", nifti_bytes(renumber(labels, numbering), affine, frame_ms))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def renumber(labels: NDArray[np.uint8], numbering: dict[int, int]) -> NDArray[np.uint8]:
    """Return `labels` with classes renumbered; classes that are not named become 0."""
    table = np.zeros(256, np.uint8)
    table[list(numbering)] = list(numbering.values())
    return table[labels]


__all__ = ["FIELD_LABELS", "LABEL_VIEW", "LONG_AXIS", "nifti_bytes", "renumber", "write_series"]
