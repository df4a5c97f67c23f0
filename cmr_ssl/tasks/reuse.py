"""Reuse a pretrained encoder: described by its checkpoint, loaded strictly, frozen as far as asked."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from lightning.fabric.utilities.rank_zero import rank_zero_only
from torch import nn

from cmr_ssl.checkpoints import EXPECTED, load_encoder, load_weights, part_of, read_checkpoint
from cmr_ssl.models import Decoder, Encoder
from cmr_ssl.models.expected_table import ExpectedTable
from cmr_ssl.models.plane_head import PlaneHead

log = logging.getLogger(__name__)

Freeze = int | Literal["encoder"]
HEAD = "head."  # of a segmentation


def require_encoder(encoder: Encoder | None) -> Encoder:
    """Return the encoder.

    Raises:
        ValueError: if it is not known which one.
    """
    if encoder is None:
        raise ValueError(
            "which encoder? Name a checkpoint with --model.encoder_checkpoint FILE, from which its description and "
            "weights come, or describe one under model.encoder to train it from scratch"
        )
    return encoder


def require_decoder(decoder: Callable[[Encoder], Decoder] | None) -> Callable[[Encoder], Decoder]:
    """Return what builds the decoder.

    Raises:
        ValueError: if it is not known which one.
    """
    if decoder is None:
        raise ValueError(
            "which decoder? Name the checkpoint of a pretraining with --model.encoder_checkpoint FILE, which describes "
            "one, or describe it under model.decoder"
        )
    return decoder


def freeze_blocks(encoder: Encoder, freeze: Freeze) -> None:
    """Freeze an encoder, or its embedding and so many of its lowest blocks; 0 freezes nothing.

    Raises:
        ValueError: if the encoder has fewer blocks.
    """
    if freeze == "encoder":
        encoder.requires_grad_(False)
        return
    if not 0 <= freeze <= len(encoder.blocks):
        raise ValueError(
            f"model.freeze {freeze}: the encoder has {len(encoder.blocks)} blocks; or freeze the 'encoder'"
        )
    if freeze:
        parts: list[nn.Module] = [encoder.embed, encoder.position, *encoder.blocks[:freeze]]
        for part in parts:
            part.requires_grad_(False)
        encoder.class_token.requires_grad_(False)


def load_pretrained(encoder: Encoder, checkpoint: Path, data: Mapping[str, Any]) -> None:
    """Copy the weights of `checkpoint` into the encoder it describes; warn where it may know subjects of the test.

    Args:
        encoder: to be filled.
        checkpoint: of any task.
        data: state of the data it is to see now: their `preparation` and `split`, as `CineDataModule` tells them.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds another encoder, or the data were prepared otherwise than those it learnt from.
    """
    pretrained = load_encoder(checkpoint)
    preparation = data["preparation"]
    differ = [key for key, value in pretrained.preparation.items() if preparation.get(key) != value]
    if differ:
        values = ", ".join(f"{key} {pretrained.preparation[key]}, not {preparation.get(key)}" for key in differ)
        raise ValueError(f"the encoder of {checkpoint} learnt from planes prepared with {values}: prepare the same way")
    try:
        encoder.load_state_dict(pretrained.encoder.state_dict(), strict=True)
    except RuntimeError as error:
        raise ValueError(
            f"model.encoder is not the encoder of {checkpoint}: leave its description out, the checkpoint has one"
        ) from error
    compare_splits(checkpoint, pretrained.split, data["split"])


def load_pretrained_decoder(decoder: Decoder, checkpoint: Path, normalise: bool) -> None:
    """Copy the weights of the decoder of a pretraining.

    Args:
        decoder: to be filled.
        checkpoint: of a pretraining.
        normalise: whether patches are to be reconstructed up to mean and deviation now.

    Raises:
        FileNotFoundError: if there is no such checkpoint.
        ValueError: if it has no decoder, another one, or one that reconstructs otherwise.
    """
    stored = read_checkpoint(checkpoint)
    then = stored["hyper_parameters"].get("normalise", False)
    if then != normalise:
        raise ValueError(
            f"{checkpoint} was pretrained with normalise {then}: set --model.normalise {str(then).lower()}"
        )
    load_decoder(decoder, stored, checkpoint)


def load_decoder(decoder: Decoder, stored: Mapping[str, Any], checkpoint: Path) -> None:
    """Copy the weights of the decoder that `checkpoint` stored; raise ValueError if it has none, or another one."""
    try:
        decoder.load_state_dict(part_of(stored, "decoder."), strict=True)
    except RuntimeError as error:
        raise ValueError(
            f"model.decoder is not the decoder of {checkpoint}: name the checkpoint of a pretraining, and leave the "
            "description of the decoder out"
        ) from error


def load_expected(expected: ExpectedTable, checkpoint: Path) -> None:
    """Copy what an alignment solved.

    Raises:
        FileNotFoundError: if there is no such checkpoint.
        ValueError: if it has no such alignment, or one with another table.
    """
    weights = part_of(read_checkpoint(checkpoint), EXPECTED)
    try:
        expected.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise ValueError(
            f"{checkpoint} has no alignment with a table of {len(expected.biases)} columns: name the checkpoint of "
            "configs/alignment.yaml, and leave model.expected_columns out"
        ) from error
    log.info("read beside the tokens: %d columns of the table that the image lets expect", len(expected.biases))


def load_head(head: PlaneHead, checkpoint: Path) -> None:
    """Copy the head of a segmentation; the checkpoint of another task leaves it as it was drawn.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if what it holds has another size.
    """
    weights = part_of(read_checkpoint(checkpoint), HEAD)
    if not any(name.startswith("network.") for name in weights):
        log.info("%s has no head of a segmentation: this one starts at random", checkpoint)
        return
    try:
        head.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise ValueError(
            f"the head of {checkpoint} has another size than this one ({head.network.channels} channels): give "
            "model.head the channels and curves that it had there, or train it again if another version made it"
        ) from error


def load_network(network: nn.Module, checkpoint: Path) -> None:
    """Copy the network of a plain network's task.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds another network.
    """
    load_weights(network, part_of(read_checkpoint(checkpoint), "network."), checkpoint)


@rank_zero_only
def compare_splits(checkpoint: Path, then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Warn where an encoder may have learnt from subjects that it is now validated or tested on."""
    if split_rule(then) != split_rule(now):
        log.warning(
            "the encoder of %s learnt from subjects set apart by %s, but this run sets them apart by %s: it may know "
            "subjects of the validation and test splits, whose scores would flatter it; set --data.fractions, "
            "--data.split_column and --data.table as its training did",
            checkpoint,
            split_rule(then),
            split_rule(now),
        )


def split_rule(split: Mapping[str, Any]) -> str:
    """Return in words by what subjects are set apart; fractions do not count where a column tells."""
    if split["column"] is not None:
        return f"column {split['column']!r}"
    return "fractions " + ", ".join(f"{fraction:g}" for fraction in split["fractions"])
