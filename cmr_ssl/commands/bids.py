"""The command `bids`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.files import check_apart
from cmr_ssl.sources.nifti_files import FIELD_FILES, NiftiFiles
from cmr_ssl.workers import Workers


def bids(
    source: Path,
    out: Path,
    name: str = "cine cardiac MR",
    files: NiftiFiles = FIELD_FILES,
    workers: int = 1,
    overwrite: bool = False,
    withdrawn: Path | None = None,
) -> int:
    """Write a cohort in the layout of BIDS, label maps as a derivative; run it again to continue.

    Folders are named by subject: keep them where the images are.

    Args:
        source: folder with one sub-folder a subject.
        out: folder for `sub-SUBJECT/cardiac/sub-SUBJECT_acq-VIEW_cine.nii.gz` with sidecars, `participants.tsv`,
            `dataset_description.json`, and label maps in `derivatives/labels`.
        name: of the data set.
        files: how the files of a subject are called.
        workers: processes of this machine that work on subjects side by side.
        overwrite: do everything again.
        withdrawn: text or CSV file of participants who withdrew: they are left out, and their folders go.

    Returns:
        Exit status: 0 if anything usable came out and nothing stopped it, else 1.

    Raises:
        FileExistsError: if `out` holds something that this command did not write.
        FileNotFoundError: if no subject has an image.
        ValueError: if two subjects would have one folder, or `out` lies in the source.
    """
    from cmr_ssl.export.bids import write_bids
    from cmr_ssl.sources import NiftiFolder

    source, out = source.absolute(), out.absolute()
    check_apart(source, out, [])
    withdrawals = read_withdrawn(withdrawn)
    return write_bids(NiftiFolder(source, files), out, name, Workers(workers), withdrawals, overwrite).status
