"""Tiny encoders and studies of lines."""

import torch

from cmr_ssl.kspace import Acquisition, LineEncoder, LinePositions, Lines, VariableDensity
from cmr_ssl.kspace.chance import draw_planes
from cmr_ssl.tasks import LinePretrainingTask
from tests.caches import SIZE
from tests.tiny import tiny_batch, tiny_decoder


def acquisition(acceleration=2.0, **how):
    """Return how k-space of the tiny planes is simulated."""
    return Acquisition(VariableDensity(acceleration), **how)


def line_encoder(acceleration=2.0, **how):
    """Return an encoder of a few thousand weights, the same every time."""
    torch.manual_seed(0)
    return LineEncoder(acquisition(acceleration, **how), LinePositions(), SIZE, width=32, depth=2, heads=2).eval()


def lines_of(batch=None, acceleration=2.0, seeds=None, **how):
    """Return the lines that are acquired of a batch."""
    batch = batch or tiny_batch()
    draws = draw_planes(batch.images.shape[1], seeds or list(range(len(batch.images)))).flatten(0, 1)
    acquired = acquisition(acceleration, **how).acquire(batch.images.flatten(0, 1), batch.affine.flatten(0, 1), draws)
    return Lines.of(acquired, batch)


def line_task(acceleration=2.0, **changes):
    """Return a pretraining task on lines in evaluation mode."""
    return LinePretrainingTask(line_encoder(acceleration), tiny_decoder(), **changes).eval()
