"""A study as a folder of NIfTI files, named and laid out as the field's tools expect them; nothing of the patient."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.files import remove_halves
from cmr_ssl.planes import VIEWS
from cmr_ssl.sources.nifti_output import write_image
from cmr_ssl.study import Series, Study

Image = tuple[NDArray[np.generic], Series]  # values, and the view whose grid they share
MAKER = "cmr_ssl import"
WEAK = "weak_{view}.nii.gz"  # labels nobody checked: no name that is read as labels unless somebody asks for it


def write_study(folder: Path, study: Study) -> None:
    """Write every view of a study; files of views it no longer has are removed, and so are halves of killed runs."""
    remove_halves(folder)
    images: dict[str, Image] = {}
    for series in study.series:
        images[f"{series.view}.nii.gz"] = (series.pixels, series)
        if series.labels is not None:
            images[WEAK.format(view=series.view)] = (series.labels, series)
    for name, (values, series) in images.items():
        write_image(folder / name, values, series.affine, series.frame_ms, MAKER)
    for view in VIEWS:
        for name in {f"{view}.nii.gz", WEAK.format(view=view)} - images.keys():
            (folder / name).unlink(missing_ok=True)
