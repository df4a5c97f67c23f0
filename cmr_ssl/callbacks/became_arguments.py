"""Callbacks of older configs that are arguments of a task now."""

from lightning import Callback


class RidgeStart(Callback):
    """Replaced by `model.head_start`."""

    def __init__(self, copies: int = 16, rows: int = 5120) -> None:
        """Raise ValueError with the argument of the task that replaces it."""
        raise ValueError(
            "RidgeStart is no callback any more: take it out of trainer.callbacks; the task does it itself, as "
            f"--model.head_start '{{copies: {copies}, rows: {rows}}}' says"
        )
