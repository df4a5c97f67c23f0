"""The command `predict`; what computes is imported late, so that help and mistakes are answered at once."""

import sys
from pathlib import Path

from cmr_ssl.data.preparing import sentence
from cmr_ssl.data.sources import NiftiFiles, NiftiFolder
from cmr_ssl.data.withdrawal import read_withdrawn
from cmr_ssl.files import check_apart

FIELD_FILES = NiftiFiles()
TABLE = "phenotypes.csv"


def predict(
    checkpoint: Path,
    source: Path,
    out: Path,
    files: NiftiFiles = FIELD_FILES,
    device: str = "auto",
    overwrite: bool = False,
    withdrawn: Path | None = None,
) -> int:
    """Predict phenotypes, or label maps and the volumes that follow, of every subject; run it again to continue.

    Args:
        checkpoint: of a phenotype or segmentation task; it knows how subjects are prepared.
        source: folder with one sub-folder a subject.
        out: folder for phenotypes.csv and, of label maps, SUBJECT/seg6_VIEW.nii.gz on the grid of the images, and
            pictures. In the table `problem` tells what was rejected, repaired, or is unlike the training, `findings`
            that and what is merely worth a note; numbers that cannot be believed are empty, `Not measurable` says why.
        files: how a subject's files are called.
        device: cpu, cuda, or auto for cuda where there is one.
        overwrite: replace what is already there, whatever it was made with.
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.

    Returns:
        Exit status: 0 if anything was predicted, else 1.

    Raises:
        FileNotFoundError: if checkpoint or source are missing.
        ValueError: if the checkpoint is of another kind, `out` holds predictions of another one or lies in
            `source`, or there is no such device.
    """
    folder, gone = NiftiFolder(source, files), read_withdrawn(withdrawn)
    check_apart(source, out, folder.subjects())
    if not checkpoint.is_file():
        raise FileNotFoundError(f"no checkpoint at {checkpoint}: a run keeps them in RUN_FOLDER/checkpoints")

    from cmr_ssl.inference.folder import predict_folder

    try:
        worked, failed = predict_folder(checkpoint, folder, out, device, overwrite, gone)
    except (OSError, MemoryError, KeyboardInterrupt) as stopped:
        print(sentence(stopped, out, "Predicting"), file=sys.stderr)
        return 1
    print(f"{worked} subjects predicted, {failed} not, in {out / TABLE}")
    return 0 if worked else 1
