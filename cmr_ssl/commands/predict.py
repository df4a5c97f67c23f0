"""The command `predict`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.files import check_apart, checkpoint_at
from cmr_ssl.runner.run import Shard
from cmr_ssl.sources import FIELD_FILES, NiftiFiles, NiftiFolder


def predict(
    checkpoint: Path,
    source: Path,
    out: Path,
    files: NiftiFiles = FIELD_FILES,
    device: str = "auto",
    shard: int = 0,
    shards: int = 1,
    overwrite: bool = False,
    withdrawn: Path | None = None,
) -> int:
    """Predict phenotypes, or label maps and the volumes that follow, of every subject; run it again to continue.

    Args:
        checkpoint: or the folder of a run, of a phenotype or segmentation task; it knows how subjects are prepared.
        source: folder with one sub-folder a subject.
        out: folder for phenotypes.csv and, of label maps, SUBJECT/seg6_VIEW.nii.gz on the grid of the images, and
            pictures. In the table `problem` tells what was rejected, repaired, or is unlike the training, `findings`
            that and what is merely worth a note; numbers that cannot be believed are empty, `Not measurable` says why.
        files: how a subject's files are called.
        device: cpu, cuda, or auto for cuda where there is one.
        shard: which part of the subjects this command does, from 0.
        shards: how many parts there are; an array job runs one command a part, with the same --out.
        overwrite: do everything again, and replace what was made with other settings.
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.

    Returns:
        Exit status: 0 if anything was predicted, else 1.

    Raises:
        FileNotFoundError: if checkpoint or source are missing.
        ValueError: if the checkpoint is of another kind, `out` holds predictions of another one or lies in
            `source`, or there is no such device.
    """
    folder, withdrawals = NiftiFolder(source, files), read_withdrawn(withdrawn)
    check_apart(source, out, folder.subjects())
    checkpoint = checkpoint_at(checkpoint)

    from cmr_ssl.inference.folder import TABLE, predict_folder

    tally = predict_folder(checkpoint, folder, out, device, Shard(shard, shards), withdrawals, overwrite)
    print(f"{tally.usable} subjects predicted, {tally.statuses['rejected']} not, in {out / TABLE}")
    return tally.status
