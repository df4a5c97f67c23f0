"""The command `import-ukb`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.runner.run import Shard
from cmr_ssl.workers import Workers


def import_ukb(
    zips: Path,
    out: Path,
    workers: int = 1,
    shard: int = 0,
    shards: int = 1,
    scheduler: str = "",
    overwrite: bool = False,
    overlays: bool = False,
    withdrawn: Path | None = None,
) -> int:
    """Turn UK Biobank's cine archives into NIfTI folders and a table of what was found; run it again to continue.

    Args:
        zips: folder below which <id>_20208_2_0.zip (long axis) and <id>_20209_2_0.zip (short axis) lie.
        out: folder for one sub-folder a visit, import.csv and findings.csv; made if absent.
        workers: processes of this machine that work on subjects side by side.
        shard: which part of the subjects this command does, from 0.
        shards: how many parts there are; an array job runs one command a part, with the same --out.
        scheduler: address of a Dask scheduler, whose workers work instead, on disks they share with this command.
        overwrite: do everything again.
        overlays: also write weak_sa.nii.gz (1 left ventricle, 2 its wall, 255 where nothing is drawn) from the contours
            of the scanner's own analysis, which nobody checked.
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.

    Returns:
        Exit status: 0 if anything usable came out, else 1.

    Raises:
        FileNotFoundError: if there is no such archive.
        ValueError: if there is no worker or no such shard.
    """
    from cmr_ssl.dicom.importer import import_cohort
    from cmr_ssl.dicom.ukb_zips import find_zips

    zips, out = zips.absolute(), out.absolute()  # workers elsewhere stand in other folders
    source, pool = find_zips(zips, overlays), Workers(workers, scheduler, (zips, out))
    settings: dict[str, object] = {"overlays": True} if overlays else {}
    return import_cohort(source, out, settings, pool, Shard(shard, shards), read_withdrawn(withdrawn), overwrite)
