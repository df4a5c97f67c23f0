"""Write planes that nobody acquired, subject by subject."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import nibabel as nib
import numpy as np
import pandas as pd
import torch
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray
from rich.progress import track

from cmr_ssl.checkpoints import fingerprint
from cmr_ssl.data.nifti import write_image
from cmr_ssl.data.sources import NiftiFolder
from cmr_ssl.data.withdrawal import NOBODY, Withdrawn
from cmr_ssl.devices import has_bfloat16
from cmr_ssl.inference.decoding import cines_at
from cmr_ssl.inference.prepared import Prepared, read_subject
from cmr_ssl.machine import raise_if_machine, raise_if_stopped
from cmr_ssl.models.positions import GridPositions
from cmr_ssl.report.tables import write_csv
from cmr_ssl.synthesis.overview import draw
from cmr_ssl.synthesis.subjects import load_pretraining
from cmr_ssl.synthesis.wanted import Stack, Wanted
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.trained import Trained

TABLE = "synthesis.csv"
Row = dict[str, object]
Cine = NDArray[np.uint8]


class Model(NamedTuple):
    """A pretraining task, the data it expects, the device it is on, and what its files say about themselves."""

    task: PretrainingTask
    trained: Trained
    device: torch.device
    description: str


@torch.inference_mode()
def synthesize_folder(
    checkpoint: Path,
    folder: NiftiFolder,
    out: Path,
    wanted: Wanted,
    device: torch.device,
    overwrite: bool,
    withdrawn: Withdrawn = NOBODY,
) -> tuple[int, int]:
    """Synthesise the planes of every subject of a folder and return how many worked and how many did not.

    Raises:
        FileNotFoundError: if checkpoint or subjects are missing.
        ValueError: if the checkpoint is of another kind.
    """
    model = load_model(checkpoint, device)
    subjects = withdrawn.leave(folder.subjects(), folder.folder)
    withdrawn.erase(out, ["*/synthetic*"], rows=[TABLE])
    with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)):
        rows = list(_rows(model, folder, subjects, out, wanted, overwrite))
    table = pd.DataFrame(rows)
    write_csv(out / TABLE, table)
    failed = int((table["problem"] != "").sum())
    return len(rows) - failed, failed


def load_model(checkpoint: Path, device: torch.device) -> Model:
    """Load a model that can be asked for any plane; see `synthesize_folder`."""
    task, trained = load_pretraining(checkpoint, device)
    if isinstance(task.encoder.positions, GridPositions):
        raise ValueError(
            f"{checkpoint} knows planes by their index only, so it cannot be asked for one that nobody acquired: "
            "pretrain with cmr_ssl.models.AnatomicalPositions"
        )
    return Model(task, trained, device, f"synthesised by cmr_ssl, not acquired; model {fingerprint(checkpoint)}")


def _rows(
    model: Model, folder: NiftiFolder, subjects: list[str], out: Path, wanted: Wanted, overwrite: bool
) -> Iterator[Row]:
    """Yield a row a subject; one that fails has a problem instead of files."""
    for subject in track(subjects, "synthesising"):
        files = [out / subject / f"{name}.nii.gz" for name in wanted.names()]
        row: Row = {"subject": subject, "files": " ".join(file.name for file in files), "seconds": np.nan}
        if not overwrite and all(made_before(file, model.description) for file in files):
            yield row | {"problem": ""}
            continue
        start = monotonic()
        try:
            synthesize_subject(model, read_subject(folder, subject, model.trained, model.device), wanted, out / subject)
        except Exception as error:  # one subject among thousands must not stop the others
            raise_if_stopped(error)
            yield row | {"files": "", "problem": f"{type(error).__name__}: {error}"}
            continue
        yield row | {"seconds": monotonic() - start, "problem": ""}


def synthesize_subject(model: Model, heart: Prepared, wanted: Wanted, out: Path) -> None:
    """Write the wanted planes of one heart and pictures of them; the files come last, since they say all is done."""
    stacks = wanted.stacks(heart.planes, model.trained.preparation["spacing_mm"])
    cines = [synthesize(model.task, heart, stack) for stack in stacks]
    draw(out, heart, stacks, cines)
    to_scanner = np.linalg.inv(heart.planes.to_heart)
    for stack, cine in zip(stacks, cines, strict=True):
        frame_ms = heart.beat_ms / cine.shape[1]
        data = cine.transpose(3, 2, 0, 1)  # (P, T, H, W) to (X, Y, S, T)
        write_image(out / f"{stack.name}.nii.gz", data, to_scanner @ stack.affine, frame_ms, model.description)


def synthesize(task: PretrainingTask, heart: Prepared, stack: Stack) -> Cine:
    """Return the planes of a stack over the beat, (P, T, H, W), on the scale of prepared planes."""
    return cines_at(task, heart.batch, stack.planes())


def made_before(file: Path, description: str) -> bool:
    """Tell whether a file was made by this very model."""
    if not file.is_file():
        return False
    try:
        return bool(nib.Nifti1Image.from_filename(file).header["descrip"].item().decode() == description)
    except (ImageFileError, OSError, EOFError, ValueError) as error:
        raise_if_machine(error)
        return False
