"""Which fields of a table an encoder was aligned with: what it was told may not count as predicted."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.fabric.utilities.rank_zero import rank_zero_only

from cmr_ssl.checkpoints import read_checkpoint
from cmr_ssl.tables.fields import Fields, same_field

log = logging.getLogger(__name__)

ALIGNED = "aligned_fields"  # under which a checkpoint keeps them


def aligned_fields(checkpoint: Mapping[str, Any]) -> list[str]:
    """Return the fields that the encoder of a checkpoint was aligned with, itself or the one it started from."""
    return list(checkpoint.get(ALIGNED, []))


def aligned_at(path: Path) -> list[str]:
    """Return the `aligned_fields` of the checkpoint at `path`; see `read_checkpoint` for what it raises."""
    return aligned_fields(read_checkpoint(path))


def aligned_targets(targets: Sequence[str], aligned: Sequence[str]) -> list[str]:
    """Return the targets that are among the aligned fields, under whatever name."""
    return [target for target in targets if any(same_field(target, name) for name in aligned)]


def aligned_with(fields: Fields, include: list[str]) -> tuple[Fields, list[str]]:
    """Return the fields that are aligned with, and the names of the targets that are left out.

    Raises:
        ValueError: if `include` names something that is no target, or nothing is left.
    """
    strange = [name for name in include if name not in fields.targets]
    if strange:
        targets = ", ".join(fields.targets) or "none"
        raise ValueError(f"model.include names {strange[0]!r}, but the targets of model.fields are {targets}")
    left_out = [name for name in fields.targets if name not in include]
    kept = fields.without(left_out)
    if not kept.names:
        raise ValueError("all fields of model.fields are targets: describe others, or name some in model.include")
    return kept, left_out


@rank_zero_only
def warn_of_aligned_targets(targets: Sequence[str], aligned: Sequence[str]) -> None:
    """Say in one sentence which targets the encoder was told in its alignment."""
    leaked = aligned_targets(targets, aligned)
    if leaked:
        log.warning(
            "the encoder was aligned with a table that held %s: it was told what it is now to predict, of the subjects "
            "of its training; leave these fields out of the alignment (model.fields, model.include) before you report "
            "how well they are predicted",
            " and ".join(leaked),
        )
