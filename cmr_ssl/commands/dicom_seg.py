"""The command `dicom-seg`."""

from pathlib import Path

from cmr_ssl.files import check_apart
from cmr_ssl.sources.nifti_files import FIELD_FILES, NiftiFiles


def dicom_seg(labels: Path, dicom: Path, out: Path, files: NiftiFiles = FIELD_FILES, overwrite: bool = False) -> int:
    """Write the label maps of one study as DICOM-SEG, for viewers and archives: a file a view at ED and at ES.

    Each refers to the images it was drawn on, which are found by where they lie. Files hold name and id of the patient
    as the study does.

    Args:
        labels: folder of one subject with label maps, such as `predict` writes.
        dicom: folder with the DICOM files of the same study.
        out: folder for `VIEW_frameNN.dcm`.
        files: how label maps are called.
        overwrite: replace what is there.

    Returns:
        Exit status: 0.

    Raises:
        FileExistsError: if `out` holds something, and `overwrite` is not set.
        FileNotFoundError: if a folder is missing, or has no image.
        ValueError: if highdicom is not installed, no label map can be read, a slice was drawn on no image of the study
            or on several, or `out` lies in one of the folders.
    """
    for folder in (labels, dicom):
        if not folder.is_dir():
            raise FileNotFoundError(f"there is no folder {folder}")
        check_apart(folder, out, [])
    if not overwrite and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} is there: name another folder, or give --overwrite true")

    from cmr_ssl.export.dicom_seg_writer import write_segmentations

    for path in write_segmentations(labels.absolute(), dicom, out, files):
        print(path)
    return 0
