"""A study as a folder of NIfTI files, named as the field's tools expect them, without data of the patient."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.files import remove_halves
from cmr_ssl.planes import VIEWS
from cmr_ssl.sources.nifti_output import write_image
from cmr_ssl.study import Series, Study

MAKER = "cmr_ssl import"
WEAK = "weak_{view}.nii.gz"  # unchecked labels, under a name that is not read as labels by default


def write_study(folder: Path, study: Study) -> None:
    """Write every view of a study, and remove files of other views and unfinished ones of killed runs."""
    remove_halves(folder)
    images: dict[str, tuple[NDArray[np.generic], Series]] = {}  # values, and the series of their grid
    for series in study.series:
        images[f"{series.view}.nii.gz"] = (series.pixels, series)
        if series.labels is not None:
            images[WEAK.format(view=series.view)] = (series.labels, series)
    for name, (values, series) in images.items():
        write_image(folder / name, values, series.affine, series.frame_ms, MAKER)
    for view in VIEWS:
        for name in {f"{view}.nii.gz", WEAK.format(view=view)} - images.keys():
            (folder / name).unlink(missing_ok=True)
