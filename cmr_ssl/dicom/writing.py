"""A study as a folder of NIfTI files, named and laid out as the field's tools expect them; nothing of the patient."""

from pathlib import Path

from cmr_ssl.data.cache import remove_halves
from cmr_ssl.data.nifti import write_image
from cmr_ssl.data.study import Study
from cmr_ssl.planes import VIEWS


def write_study(folder: Path, study: Study) -> None:
    """Write every view of a study; files of views it no longer has are removed, and so are halves of killed runs."""
    remove_halves(folder)
    for series in study.series:
        write_image(folder / f"{series.view}.nii.gz", series.pixels, series.affine, series.frame_ms, "cmr_ssl import")
    for view in set(VIEWS) - {series.view for series in study.series}:
        (folder / f"{view}.nii.gz").unlink(missing_ok=True)
