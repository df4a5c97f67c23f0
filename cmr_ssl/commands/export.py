"""The command `export`."""

import re
from functools import partial
from pathlib import Path

from cmr_ssl.files import checkpoint_at

LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")  # it stands in the card's head, which machines read


def export(
    checkpoint: Path,
    hub: Path | None = None,
    onnx: Path | None = None,
    program: Path | None = None,
    licence: str = "other",
    overwrite: bool = False,
) -> int:
    """Hand a trained model on; what would give somebody away is refused, as `check-release` does.

    Args:
        checkpoint: or the folder of a run, of any task.
        hub: folder for weights as safetensors, config.json and a model card; `cmr_ssl.load`, `predict` and a
            fine-tuning take it as they take a checkpoint, and it can be uploaded to a hub as it is.
        onnx: folder for encoder.onnx and, of phenotypes and segmentations, the task itself, for any number of planes;
            each is compared with torch in onnxruntime before it is written. model.json says what goes in and comes out.
        program: folder for the same as programs of torch.export, encoder.pt2 and so on, which torch runs by itself:
            `torch.export.load(FILE).module()`.
        licence: of the weights, as hubs spell it, for the card.
        overwrite: replace what is there.

    Raises:
        FileExistsError: if a folder holds something, and `overwrite` is not set.
        FileNotFoundError: if there is no checkpoint.
        ValueError: if no folder is named, the licence is none, the checkpoint is of another kind, it holds what must
            not leave, a package is missing, or what was written says something else than torch.
    """
    if not LICENCE.fullmatch(licence):
        raise ValueError(f"--licence {licence!r} is none as hubs spell it, such as mit, apache-2.0 or other")
    folders = [folder for folder in (hub, onnx, program) if folder is not None]
    if not folders:
        raise ValueError("say what to write: --hub FOLDER, --onnx FOLDER, --program FOLDER or several of them")
    if len({folder.absolute() for folder in folders}) < len(folders):
        raise ValueError(f"two of --hub, --onnx and --program name {folders[0]}: give each its own folder")
    for folder in folders:
        if not overwrite and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FileExistsError(f"{folder} is there: name another folder, or give --overwrite true")
    checkpoint = checkpoint_at(checkpoint)

    from cmr_ssl.export.checked import hand_over
    from cmr_ssl.export.hub_folder import hub_files
    from cmr_ssl.export.onnx import onnx_files
    from cmr_ssl.export.program import program_files

    writers = (
        (hub, partial(hub_files, licence=licence), "load it with cmr_ssl.load(FOLDER)"),
        (onnx, onnx_files, "the same numbers in onnxruntime as in torch"),
        (program, program_files, "run its files with torch.export.load(FILE).module()(images, affine)"),
    )
    for target, files, what in writers:
        if target is not None:
            hand_over(target, files(checkpoint))
            print(f"{target}: {what}")
    return 0
