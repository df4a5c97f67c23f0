"""Load an encoder from the checkpoint of any task, strictly and without running stored code."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import is_zipfile

import torch
from jsonargparse import ArgumentError, ArgumentParser, Namespace
from torch import Tensor, nn

from cmr_ssl.exported import CONFIG, is_exported, read_exported
from cmr_ssl.files import checkpoint_at
from cmr_ssl.machine import raise_if_machine
from cmr_ssl.models import Decoder, Encoder

PREFIX, EXPECTED = "encoder.", "expected."
DATA = "CineDataModule"


class Pretrained(NamedTuple):
    """An encoder and the data it expects.

    Attributes:
        encoder: with the weights of the checkpoint, in evaluation mode.
        views: planes a sample has room for, per view.
        preparation: the settings its planes were prepared with.
        split: fractions and column of the split of its training.
    """

    encoder: Encoder
    views: dict[str, int]
    preparation: dict[str, Any]
    split: dict[str, Any]


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint, the best one of a run folder, or an exported model, as plain data.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no checkpoint, or holds objects other than plain data.
    """
    path = checkpoint_at(path)
    if is_exported(path):
        return read_exported(path, DATA)
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zipfile(path))
    except Exception as error:  # a file that is no checkpoint can fail in any way
        raise_if_machine(error)
        reason = (str(error) or type(error).__name__).splitlines()[0].split(". ")[0]
        raise ValueError(f"{path} is damaged or no checkpoint of plain tensors ({reason})") from error
    if not isinstance(checkpoint, dict):
        raise ValueError(f"{path} is damaged or no checkpoint: it holds a {type(checkpoint).__name__}")
    missing = {"state_dict", "hyper_parameters", DATA} - set(checkpoint)
    if missing:
        raise ValueError(f"{path} is no checkpoint of cmr_ssl: it lacks {', '.join(sorted(missing))}")
    return dict(checkpoint)


def fingerprint(path: Path) -> str:
    """Return 8 hexadecimal digits that identify the content of a checkpoint."""
    with path.open("rb") as stream:
        hashed = hashlib.file_digest(stream, "sha256")
    if is_exported(path):
        hashed.update(path.with_name(CONFIG).read_bytes())
    return hashed.hexdigest()[:8]


def load_encoder(path: Path) -> Pretrained:
    """Build the encoder that a checkpoint describes and load its weights.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the checkpoint has no encoder, or its weights do not fit its description.
    """
    checkpoint = read_checkpoint(path)
    encoder = build_encoder(encoder_description(checkpoint, path), path)
    load_weights(encoder, part_of(checkpoint, PREFIX), path)
    data = checkpoint[DATA]
    return Pretrained(encoder.eval(), data["views"], data["preparation"], data["split"])


def part_of(checkpoint: Mapping[str, Any], prefix: str) -> dict[str, Tensor]:
    """Return the weights of a part of the task of a checkpoint, by their names within it."""
    weights = checkpoint["state_dict"].items()
    return {name.removeprefix(prefix): weight for name, weight in weights if name.startswith(prefix)}


def expected_columns(checkpoint: Mapping[str, Any]) -> int:
    """Return how many columns of a table the images of a checkpoint let expect; 0 where it has no such alignment."""
    return len(checkpoint["state_dict"].get(f"{EXPECTED}biases", ()))


def load_weights(module: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Load the weights of `path` into a module; raise ValueError unless names and shapes are its own."""
    try:
        module.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        shapes = {name: weight.shape for name, weight in weights.items()}
        expected = {name: weight.shape for name, weight in module.state_dict().items()}
        differ = [name for name in [*expected, *(shapes.keys() - expected)] if shapes.get(name) != expected.get(name)]
        raise ValueError(
            f"the weights in {path} do not fit what it describes ({len(differ)} of {len(expected)} differ, the first "
            f"is {differ[0]}): another version made it, so train again"
        ) from error


def encoder_description(checkpoint: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the description of the encoder of a checkpoint read from `path`; raise ValueError if there is none."""
    description = checkpoint["hyper_parameters"].get("encoder")
    if not isinstance(description, dict):
        raise ValueError(f"{path} describes no encoder: name a checkpoint of a task that has one")
    return description


def parse_encoder(description: dict[str, Any], path: Path) -> Namespace:
    """Parse the description of an encoder from `path`; raise ValueError if this version has no such encoder."""
    try:
        parsed: Namespace = _parser().parse_object({"encoder": description}).encoder
    except ArgumentError as error:
        raise ValueError(f"{path} describes an encoder that this version does not know: {error}") from error
    return parsed


def parse_decoder(checkpoint: dict[str, Any]) -> Namespace | None:
    """Parse the description of the decoder of a checkpoint; None if it has none that this version has."""
    description = checkpoint["hyper_parameters"].get("decoder")
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("decoder", type=Callable[[Encoder], Decoder])
    try:
        parsed: Namespace | None = parser.parse_object({"decoder": description}).decoder if description else None
    except ArgumentError:
        return None
    return parsed


def build_encoder(description: dict[str, Any], path: Path) -> Encoder:
    """Build an encoder from its description in `path`; see `parse_encoder`."""
    built: Encoder = _parser().instantiate(Namespace(encoder=parse_encoder(description, path))).encoder
    return built


def _parser() -> ArgumentParser:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("encoder", type=Encoder)
    return parser
