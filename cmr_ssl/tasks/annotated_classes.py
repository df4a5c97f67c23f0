"""Which classes a segmentation ever saw drawn: about the others it knows nothing, whatever it says.

Labels of real cohorts lack classes, or have them in some views only. A network trained on them still has an output for
every class, and no loss ever told it what that means.
"""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from cmr_ssl.anatomy import BACKGROUND, CLASSES
from cmr_ssl.doubts import doubted
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.volumes import NEEDED, VENTRICULAR, Measured

SEEN_ON = dict.fromkeys(VENTRICULAR, (SHORT_AXIS,)) | NEEDED  # structure: the views that it is measured on


def no_annotated_classes() -> Tensor:
    """Return what is known before training: (views, classes) uint8, 1 where a class was drawn in a view."""
    drawn = torch.zeros(len(VIEWS), len(CLASSES), dtype=torch.uint8)
    drawn[:, BACKGROUND] = 1
    return drawn


def annotated_classes(labels: Tensor, view: Tensor) -> Tensor:
    """Return which classes label maps show, by view, without waiting for the device.

    Args:
        labels: classes of `anatomy`, 255 where nobody labelled, (B, P, ...).
        view: index into ``planes.VIEWS``, (B, P).

    Returns:
        1 where a class is drawn in a view, (views, classes) uint8; background counts as drawn.
    """
    shown = torch.stack([(labels == index).flatten(2).any(dim=2) for index in range(len(CLASSES))], dim=2)
    shown[..., BACKGROUND] = True
    of_view = one_hot(view, len(VIEWS)).bool()
    return (of_view[..., None] & shown[..., None, :]).flatten(0, 1).any(dim=0).to(torch.uint8)


def without_untrained(measured: Measured, drawn: Tensor) -> Measured:
    """Return what was measured on predicted label maps, without structures that nobody drew in training.

    Args:
        measured: of the predictions of a task.
        drawn: its memory, (views, classes), as `annotated_classes` returns it.
    """
    return doubted(measured, _untaught(drawn.cpu()))


def _untaught(drawn: Tensor) -> dict[str, str]:
    """Return structure to why nothing can be known of it."""
    reasons: dict[str, str] = {}
    for name, views in SEEN_ON.items():
        here = drawn[:, CLASSES.index(name)]
        lacking = [view for view in views if not here[VIEWS.index(view)]]
        if lacking:
            where = f" in {' and '.join(lacking)}" if here.any() else ""
            reasons[name] = f"no training subject had the {name} drawn{where}"
    return reasons
