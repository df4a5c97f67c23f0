"""A study as a folder of NIfTI files, named and laid out as the field's tools expect them; nothing of the patient."""

import gzip
from functools import partial
from pathlib import Path
from typing import BinaryIO

from cmr_ssl.data.cache import remove_halves, write_atomically
from cmr_ssl.data.nifti import nifti_image
from cmr_ssl.data.study import Series, Study
from cmr_ssl.planes import VIEWS


def write_study(folder: Path, study: Study) -> None:
    """Write every view of a study; files of views it no longer has are removed, and so are halves of killed runs."""
    remove_halves(folder)
    for series in study.series:
        write_atomically(folder / f"{series.view}.nii.gz", partial(write_series, series))
    for view in set(VIEWS) - {series.view for series in study.series}:
        (folder / f"{view}.nii.gz").unlink(missing_ok=True)


def write_series(series: Series, stream: BinaryIO) -> None:
    """Write one view as gzipped NIfTI, the same bytes for the same images."""
    image = nifti_image(series.pixels, series.affine, series.frame_ms)
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=1, mtime=0, filename="") as packed:
        image.to_stream(packed)
