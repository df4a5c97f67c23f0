"""Reuse a pretrained encoder: described by its checkpoint, loaded strictly, frozen as far as asked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from torch import nn

from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.models import Encoder

Freeze = int | Literal["encoder"]


def known(encoder: Encoder | None) -> Encoder:
    """Return the encoder.

    Raises:
        ValueError: if nobody said which one.
    """
    if encoder is None:
        raise ValueError(
            "which encoder? Name a checkpoint with --model.encoder_checkpoint FILE, from which its description and "
            "weights come, or describe one under model.encoder to train it from scratch"
        )
    return encoder


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


def load_pretrained(encoder: Encoder, checkpoint: Path, preparation: Mapping[str, Any]) -> None:
    """Copy the weights of `checkpoint` into the encoder it describes.

    Args:
        encoder: to be filled.
        checkpoint: of any task.
        preparation: how the data it is to see now were prepared.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds another encoder, or the data were prepared otherwise than those it learnt from.
    """
    pretrained = load_encoder(checkpoint)
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
