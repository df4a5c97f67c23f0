"""Copy batches to a GPU while it still computes with the one before."""

from functools import cache

import torch
from torch import Tensor

from cmr_ssl.devices import sent
from cmr_ssl.sample import Sample


@cache
def copying(device: torch.device) -> torch.cuda.Stream:
    """Return the stream in which a GPU is sent batches, one in a process."""
    return torch.cuda.Stream(device)


def transferred(batch: Sample, device: torch.device) -> Sample:
    """Return a batch on `device`.

    A GPU copies and computes at the same time if it is told to in two streams. What it computes next waits for the
    copy; the host waits for neither.
    """
    if device.type != "cuda":
        return sent_over(batch, device)
    computing = torch.cuda.current_stream(device)
    with torch.cuda.stream(copying(device)):
        there = sent_over(batch, device)
    computing.wait_stream(copying(device))
    for field in there:
        if isinstance(field, Tensor):
            field.record_stream(computing)  # or its memory would be given away while it is still needed
    return there


def sent_over(batch: Sample, device: torch.device) -> Sample:
    """Copy what is in tensors to `device`; images are pinned when they are read, the small rest is here."""
    return Sample._make(sent(field, device) if isinstance(field, Tensor) else field for field in batch)
