"""A trained model as a folder: weights as safetensors, a description, and a card that says what it is."""

from pathlib import Path

from safetensors.torch import save

import cmr_ssl
from cmr_ssl.checkpoints import DATA, fingerprint, read_checkpoint
from cmr_ssl.export.card import card
from cmr_ssl.exported import CARD, CLASS, CONFIG, describe
from cmr_ssl.files import EXPORTED
from cmr_ssl.files import save as save_file
from cmr_ssl.tasks.trained import load_task


def hub_files(checkpoint: Path, licence: str) -> dict[str, bytes]:
    """Return the files of the folder by name.

    Args:
        checkpoint: of any task.
        licence: of the weights, as hubs spell it.

    Raises:
        FileNotFoundError: if there is no checkpoint.
        ValueError: if it is none of a task that this version knows.
    """
    trained = load_task(checkpoint)  # so that only what loads is handed on
    content = read_checkpoint(checkpoint)
    about = {"cmr_ssl": cmr_ssl.__version__, "fingerprint": fingerprint(checkpoint)}
    weights = {name: tensor.contiguous() for name, tensor in content["state_dict"].items()}
    kind = str(content["hyper_parameters"].get(CLASS, "")).rpartition(".")[2]
    text = card(kind, trained, content, about["fingerprint"], licence)
    return {
        EXPORTED: save(weights, {"format": "pt"}),
        CONFIG: describe(content["hyper_parameters"], content[DATA], about).encode(),
        CARD: text.encode(),
    }


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Write files into a folder, each whole or not at all."""
    for name, content in files.items():
        save_file(folder / name, content)
