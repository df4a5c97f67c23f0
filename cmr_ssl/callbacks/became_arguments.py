"""Callbacks of older configs that have become arguments of a task."""

from lightning import Callback


class RidgeStart(Callback):
    """Is `model.head_start` now."""

    def __init__(self, copies: int = 16, rows: int = 5120) -> None:
        """Say where it went.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            "RidgeStart is no callback any more: take it out of trainer.callbacks; the task does it itself, as "
            f"--model.head_start '{{copies: {copies}, rows: {rows}}}' says"
        )
