"""The command `quantify`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.runner.run import Shard
from cmr_ssl.sources.label_folder import LabelFolder
from cmr_ssl.sources.nifti_files import FIELD_FILES, NiftiFiles
from cmr_ssl.volumes import FOUR_CHAMBER, TWO_CHAMBER
from cmr_ssl.workers import Workers

MEASURED_ON = (SHORT_AXIS, TWO_CHAMBER, FOUR_CHAMBER)


def quantify(
    labels: Path,
    out: Path,
    files: NiftiFiles = FIELD_FILES,
    workers: int = 1,
    shard: int = 0,
    shards: int = 1,
    scheduler: str = "",
    curves: Path | None = None,
    overwrite: bool = False,
    withdrawn: Path | None = None,
    regional: Path | None = None,
) -> int:
    """Measure volumes, ejection fractions and mass on label maps, by the field's formulas; run it again to continue.

    Args:
        labels: folder with one sub-folder a subject.
        out: CSV to write, one line a subject; frames count from 0, what cannot be measured is empty and
            the last column says why.
        files: how a subject's label maps are called; the first one found of a view wins.
        workers: processes of this machine that work on subjects side by side.
        shard: which part of the subjects this command does, from 0.
        shards: how many parts there are; an array job runs one command a part, with the same --out.
        scheduler: address of a Dask scheduler, whose workers work instead, on disks they share with this command.
        curves: folder for a picture of every subject's volumes over time.
        overwrite: do everything again, and replace what was made with other settings.
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.
        regional: CSV to write too, one line a subject, measure, segment and phase: walls in the AHA's segments,
            strains, motion of the valves, rates; docs/measures.md says how each is measured and how exactly.

    Returns:
        Exit status: 0 if anything could be measured, else 1.

    Raises:
        FileExistsError: if `out` or `regional` is a folder.
        FileNotFoundError: if no subject has a label map.
        ValueError: if there is no worker or no such shard, nothing to measure on is named, table or pictures of
            something else are there and may not be replaced, both tables are one file, or the pictures would
            lie among the label maps.
    """
    for table in (out, *([regional] if regional else [])):
        if table.is_dir():
            raise FileExistsError(f"{table} is a folder: name the CSV file to write")
    if regional and regional.absolute() == out.absolute():
        raise ValueError(f"--out and --regional both name {out}: they are two tables")
    label_files = [file for file in files.labels if file.view in MEASURED_ON]
    if not label_files:
        raise ValueError(f"--files names no label map of {', '.join(MEASURED_ON)}: nothing can be measured")

    from cmr_ssl.quantities import quantify_folder

    labels, out = labels.absolute(), out.absolute()  # workers elsewhere stand in other folders
    pool, part = Workers(workers, scheduler, (labels,)), Shard(shard, shards)
    source, withdrawals = LabelFolder(labels, label_files, files.facts), read_withdrawn(withdrawn)
    pictures, regions = curves and curves.absolute(), regional and regional.absolute()
    return quantify_folder(source, out, pictures, pool, part, withdrawals, overwrite, regions)
