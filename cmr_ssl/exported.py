"""Exported models: weights as safetensors, and a description as JSON beside them.

They are read as a checkpoint, so that everything that takes a checkpoint takes an exported model, too.
"""

import json
from pathlib import Path
from typing import Any

from cmr_ssl.files import EXPORTED

CONFIG, CARD = "config.json", "README.md"
FORM = 1  # version of the description
CLASS, DATA_KEYS = "_class_path", ("views", "preparation", "split", "synthetic", "usual", "method")
DAMAGED = "{path} is damaged or no description of an exported model ({why}): export or download it again"


def is_exported(path: Path) -> bool:
    """Tell whether a path is the weights of an exported model with its description."""
    return path.name == EXPORTED and path.with_name(CONFIG).is_file()


def describe(hyper_parameters: dict[str, Any], data: dict[str, Any], about: dict[str, Any]) -> str:
    """Describe a model as JSON: settings of task and data as in a checkpoint, and `about`, not needed to load it."""
    task = {key: value for key, value in hyper_parameters.items() if key == CLASS or not key.startswith("_")}
    kept = {key: data[key] for key in DATA_KEYS if key in data}
    return json.dumps({"form": FORM, **about, "task": task, "data": kept}, indent=1) + "\n"


def read_exported(path: Path, data_key: str) -> dict[str, Any]:
    """Read weights at `path` as a checkpoint with the data's settings under `data_key`; raise ValueError if damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    description = read_description(path.with_name(CONFIG))
    try:
        weights = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or no safetensors file ({error}): export or download it again") from error
    return {"state_dict": weights, "hyper_parameters": description["task"], data_key: description["data"]}


def read_description(path: Path) -> dict[str, Any]:
    """Read the description of an exported model; raise ValueError as `read_exported`."""
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(DAMAGED.format(path=path, why=error)) from error
    if not isinstance(description, dict) or not isinstance(description.get("task"), dict) or "data" not in description:
        raise ValueError(DAMAGED.format(path=path, why="it describes no task and data of cmr_ssl"))
    if description.get("form") != FORM:
        raise ValueError(f"{path} has form {description.get('form')}, this version reads {FORM}: use the one it names")
    return description
