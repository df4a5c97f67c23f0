"""Pictures of a pretraining's reconstruction: original, visible, reconstruction and error."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from cmr_ssl.metrics import visible_planes
from cmr_ssl.models.tokens import Grid, Patch, unpatchify
from cmr_ssl.report.montage import montage, plane_titles
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.pretraining import PretrainingTask, Reconstruction

Planes = NDArray[np.float32]


class Compared(NamedTuple):
    """The present planes of one subject, each (P, T, H, W), their titles, and which were dropped."""

    original: Planes
    visible: Planes
    reconstruction: Planes
    titles: list[str]
    dropped: list[bool]

    def picture(self, frame: int) -> Image.Image:
        """Draw one frame: original, visible, reconstruction and error."""
        error = np.abs(self.reconstruction - self.original) * 2  # brighter, so that small errors can be seen
        names = ("original", "visible", "reconstruction", "error x 2")
        cines = (self.original, self.visible, self.reconstruction, error)
        return montage([(n, cine[:, frame]) for n, cine in zip(names, cines, strict=True)], self.titles, self.dropped)


def compared_planes(batch: Sample, result: Reconstruction, task: PretrainingTask) -> Compared:
    """Put the tokens of a batch of one subject back into planes."""
    hidden, visible_ids = result.masked.hidden, result.masked.visible
    grid, patch = result.hidden.grid, task.encoder.patch
    predicted = scatter(task.intensities(result), hidden, grid, patch)
    visible = scatter(result.visible.patches.float(), visible_ids, grid, patch)
    present = batch.present[0].cpu().numpy()
    cines = (batch.images[0], visible, torch.where(visible.isnan(), predicted, visible))
    dropped = ~visible_planes(visible_ids, grid)[0].cpu().numpy()
    titles = plane_titles(batch.view[0][batch.present[0]].tolist())
    titles = [f"{title} dropped" if drop else title for title, drop in zip(titles, dropped[present], strict=True)]
    original, visible_part, whole = (cine.float().cpu().numpy()[present] for cine in cines)
    return Compared(original, visible_part, whole, titles, dropped[present].tolist())


def scatter(patches: Tensor, ids: Tensor, grid: Grid, patch: Patch) -> Tensor:
    """Place patches (1, K, pixels) at token ids (1, K) of planes that are NaN elsewhere, (P, T, H, W)."""
    full = patches.new_full((1, grid.tokens, patches.shape[-1]), torch.nan)
    full.scatter_(1, ids[..., None].expand_as(patches), patches)
    return unpatchify(full, grid, patch)[0]
