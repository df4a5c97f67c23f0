"""The command `inspect`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.files import check_apart, checkpoint_at
from cmr_ssl.sources import FIELD_FILES, NiftiFiles, NiftiFolder


def inspect(
    checkpoint: Path,
    source: Path,
    out: Path | None = None,
    cache: Path | None = None,
    calibration: Path | None = None,
    subjects: int = 100,
    files: NiftiFiles = FIELD_FILES,
    device: str = "auto",
    shard: int = 0,
    shards: int = 1,
    overwrite: bool = False,
    table: Path | None = None,
    withdrawn: Path | None = None,
) -> int:
    """Tell which planes of a study look wrong, and why: those that the rest of the heart does not tell.

    Args:
        checkpoint: or the folder of a run, of a pretraining; it knows how subjects are prepared.
        source: folder with one sub-folder a subject.
        out: folder for inspection.csv and a picture of every subject's worst planes; nothing is written without it.
        cache: prepared studies, to learn what is usual; needed once a checkpoint.
        calibration: JSON file that keeps what is usual, CHECKPOINT.calibration.json unless named.
        subjects: how many studies of the cache to learn from, none of the test split.
        files: how a subject's files are called.
        device: cpu, cuda, or auto for cuda where there is one.
        shard: which part of the subjects this command does, from 0.
        shards: how many parts there are; an array job runs one command a part, with the same --out.
        overwrite: do everything again, and replace what was made with other settings.
        table: CSV, TSV or parquet file with the column by which training was split, if it was (--data.split_column).
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.

    Returns:
        Exit status: 0 if any study could be inspected, else 1.

    Raises:
        FileNotFoundError: if checkpoint, source, cache, table or calibration are missing.
        ValueError: if they do not belong together, the cache has too few studies, or `out` lies in `source`.
    """
    folder, withdrawals = NiftiFolder(source, files), read_withdrawn(withdrawn)
    studies = folder.subjects()
    if out is not None:
        check_apart(source, out, studies)
    if subjects < 1:
        raise ValueError(f"nothing is learnt from {subjects} subjects: give --subjects 1 or more")
    checkpoint = checkpoint_at(checkpoint)
    if table is not None and not table.is_file():
        raise FileNotFoundError(f"no table at {table}: name the file by whose column training was split, or none")

    from cmr_ssl.devices import device_of
    from cmr_ssl.inspection.calibration import SUFFIX
    from cmr_ssl.inspection.inspector import CalibrationSource, inspect_folder
    from cmr_ssl.runner.run import Shard

    path = calibration or checkpoint.with_suffix(SUFFIX)
    calibration_source = CalibrationSource(path, cache, subjects, table, withdrawals)
    return inspect_folder(
        checkpoint, folder, calibration_source, out, device_of(device), Shard(shard, shards), overwrite
    ).status
