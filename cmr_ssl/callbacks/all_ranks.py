"""Gather results of the processes of a distributed run."""

from typing import TypeVar

import torch.distributed

Row = TypeVar("Row")


def gather_from_all_ranks(rows: list[Row]) -> list[Row]:
    """Return the rows of all processes, in the order of their ranks."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return rows
    by_rank: list[list[Row]] = [[] for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather_object(by_rank, rows)
    return [row for part in by_rank for row in part]
