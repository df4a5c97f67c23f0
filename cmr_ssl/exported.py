"""The form in which trained models travel: weights as safetensors, and a description as JSON beside them.

What is read is what a checkpoint holds, so that whoever takes a checkpoint takes an exported model, too.
"""

import json
from pathlib import Path
from typing import Any

from cmr_ssl.files import EXPORTED

CONFIG, CARD = "config.json", "README.md"
FORM = 1  # of the description
CLASS, DATA_KEYS = "_class_path", ("views", "preparation", "split", "synthetic", "usual")
DAMAGED = "{path} is damaged or no description of an exported model ({why}): export or download it again"


def is_exported(path: Path) -> bool:
    """Tell whether a path is the weights of an exported model, beside their description."""
    return path.name == EXPORTED and path.with_name(CONFIG).is_file()


def describe(hyper_parameters: dict[str, Any], data: dict[str, Any], about: dict[str, Any]) -> str:
    """Return the description of a model as JSON.

    Args:
        hyper_parameters: of the task, as the checkpoint holds them.
        data: what the task expects of its data, the same.
        about: what else there is to be said; not needed to load it.
    """
    task = {key: value for key, value in hyper_parameters.items() if key == CLASS or not key.startswith("_")}
    kept = {key: data[key] for key in DATA_KEYS if key in data}
    return json.dumps({"form": FORM, **about, "task": task, "data": kept}, indent=1) + "\n"


def read_exported(path: Path, data_key: str) -> dict[str, Any]:
    """Read an exported model as a checkpoint: weights, hyper-parameters, and data under `data_key`.

    Args:
        path: of the weights.
        data_key: where a checkpoint has what the task expects of its data.

    Raises:
        ValueError: if it is damaged, or of a form that this version does not know.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    described = read_description(path.with_name(CONFIG))
    try:
        weights = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or no safetensors file ({error}): export or download it again") from error
    return {"state_dict": weights, "hyper_parameters": described["task"], data_key: described["data"]}


def read_description(path: Path) -> dict[str, Any]:
    """Read the description of an exported model.

    Raises:
        ValueError: see `read_exported`.
    """
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(DAMAGED.format(path=path, why=error)) from error
    if not isinstance(described, dict) or not isinstance(described.get("task"), dict) or "data" not in described:
        raise ValueError(DAMAGED.format(path=path, why="it describes no task and data of cmr_ssl"))
    if described.get("form") != FORM:
        raise ValueError(f"{path} has form {described.get('form')}, this version reads {FORM}: use the one it names")
    return described
