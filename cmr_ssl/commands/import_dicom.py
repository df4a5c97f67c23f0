"""The command `import-dicom`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.runner.run import Shard
from cmr_ssl.workers import Workers


def import_dicom(
    source: Path,
    out: Path,
    workers: int = 1,
    shard: int = 0,
    shards: int = 1,
    scheduler: str = "",
    overwrite: bool = False,
    withdrawn: Path | None = None,
) -> int:
    """Turn cine studies in DICOM, sorted by their headers, into NIfTI folders and a table; run it again to continue.

    Args:
        source: folder with one sub-folder or zip of DICOM files a subject, or one subject's DICOM files.
        out: folder for one sub-folder a subject, import.csv and findings.csv; made if absent.
        workers: processes of this machine that work on subjects side by side.
        shard: which part of the subjects this command does, from 0.
        shards: how many parts there are; an array job runs one command a part, with the same --out.
        scheduler: address of a Dask scheduler, whose workers work instead, on disks they share with this command.
        overwrite: do everything again.
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.

    Returns:
        Exit status: 0 if anything usable came out, else 1.

    Raises:
        FileNotFoundError: if there is nothing to import.
        ValueError: if there is no worker or no such shard.
    """
    from cmr_ssl.dicom.dicom_folder import DicomFolder
    from cmr_ssl.dicom.importer import import_cohort

    source, out = source.absolute(), out.absolute()  # workers elsewhere stand in other folders
    pool, withdrawals = Workers(workers, scheduler, (source, out)), read_withdrawn(withdrawn)
    return import_cohort(DicomFolder(source), out, {}, pool, Shard(shard, shards), withdrawals, overwrite)
