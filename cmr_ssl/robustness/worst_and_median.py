"""Pictures of the worst and of the median subject with half of its planes missing, and what is made up for them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from torch import Tensor

from cmr_ssl.files import save
from cmr_ssl.masking import Masked
from cmr_ssl.models.tokens import grid_of
from cmr_ssl.report.montage import png, stack
from cmr_ssl.report.reconstruction_figures import compared_planes
from cmr_ssl.robustness.scenarios import Scenario
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.pretraining import PretrainingTask


def draw_worst_and_median(
    out: Path, task: PretrainingTask, scenario: Scenario, cosines: Tensor, studies: Mapping[str, Iterator[Sample]]
) -> None:
    """Draw ``worst_SUBJECT.png`` and ``median_SUBJECT.png``: missing planes as the others tell, and as they were.

    Args:
        out: folder.
        task: what reconstructs.
        scenario: what is missing.
        cosines: how alike each subject stays to itself, (N,).
        studies: batches of one of each subject, N of them.
    """
    order = cosines.argsort().tolist()
    for name, index in (("worst", order[0]), ("median", order[len(order) // 2])):
        subject = list(studies)[index]
        save(out / f"{name}_{subject}.png", missing_planes(task, next(studies[subject]), scenario))


def missing_planes(task: PretrainingTask, batch: Sample, scenario: Scenario) -> bytes:
    """Return a PNG of one subject, a batch of one, above at the first frame and below near end systole."""
    masked = mask_of(batch.present, scenario.apply(batch).present, grid_of(batch.images, task.encoder.patch).per_plane)
    compared = compared_planes(batch, task.complete(batch, masked), task)
    frames = batch.images.shape[2]
    return png(stack([compared.picture(0), compared.picture(frames // 3)]))


def mask_of(present: Tensor, left: Tensor, per_plane: int) -> Masked:
    """Return the mask that shows all tokens of the planes `left` and hides those of the others present, (1, P) each."""
    visible, hidden = (planes[0].repeat_interleave(per_plane) for planes in (left, present & ~left))
    return Masked(visible.nonzero().T, hidden.nonzero().T)
