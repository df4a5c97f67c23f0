"""The loss of a segmentation with incomplete labels.

Unlabelled pixels do not count. In a view of which only some classes were annotated (UK Biobank's 2-chamber view: the
left atrium alone), background means "none of the annotated classes". So the probabilities of the other classes are
added to that of the background (marginal loss: Shi et al., Medical Image Analysis 2021, arXiv 2007.03868).
"""

import torch
from monai.losses import DiceLoss
from torch import Tensor
from torch.nn.functional import nll_loss, one_hot

from cmr_ssl.anatomy import BACKGROUND, CLASSES, UNLABELLED

NEVER = -30.0  # log probability of an impossible class
LEAST_DRAWN = 0.01  # of the labelled pixels: planes that show next to nothing of a heart weigh no more than others


def marginal(logits: Tensor, annotated: Tensor) -> Tensor:
    """Return log probabilities in which classes that were not annotated count as background.

    With annotated classes A: log p'(background) = log sum_{c not in A} p(c).

    Args:
        logits: (B, P, C, ...).
        annotated: annotated classes, (B, P, C).

    Returns:
        Log probabilities, (B, P, C, ...); `NEVER` for classes that were not annotated.
    """
    log_probability = logits.float().log_softmax(dim=2)
    structures = annotated.clone()
    structures[..., BACKGROUND] = False
    structures = structures.reshape(*structures.shape, *[1] * (logits.ndim - 3))
    background = log_probability.masked_fill(structures, -torch.inf).logsumexp(dim=2, keepdim=True)
    merged = log_probability.masked_fill(~structures, NEVER)
    return torch.cat([background, merged[:, :, 1:]], dim=2)


def segmentation_losses(logits: Tensor, labels: Tensor, annotated: Tensor) -> Tensor:
    """Return cross-entropy plus Dice loss of each subject, (B,), NaN where nothing of it is labelled.

    With cross-entropy h and P pixels of structures, the first part is sum h / P, not the mean of h: most pixels are
    background, and beside a mean over them the Dice decides alone. It prefers thin walls drawn too thick (its volume
    bias: Bertels et al., Medical Image Analysis 2021; 67:101833).

    Args:
        logits: (B, P, C, F, H, W).
        labels: classes of `anatomy`, 255 where unlabelled, (B, P, F, H, W).
        annotated: annotated classes of each plane, (B, P, C).
    """
    labelled = labels != UNLABELLED
    classes = torch.where(labelled, labels, BACKGROUND).long()
    log_probability = marginal(logits, annotated)
    entropy = nll_loss(log_probability.transpose(1, 2), classes, reduction="none")  # (B, P, F, H, W)
    pixels, drawn = labelled.flatten(1), (classes != BACKGROUND).flatten(1)
    counted = torch.maximum(drawn.sum(1), LEAST_DRAWN * pixels.sum(1)).clamp(min=1)
    structure_entropy = torch.where(pixels, entropy.flatten(1), 0.0).sum(1) / counted
    target = one_hot(classes, len(CLASSES)).movedim(-1, 2)
    mask = labelled[:, :, None]
    probability, target = ((part * mask).movedim(2, 1).flatten(2) for part in (log_probability.exp(), target))
    dice = DiceLoss(include_background=False, reduction="none")(probability, target.float()).flatten(1)  # (B, C - 1)
    present = target[:, 1:].any(dim=2)  # the Dice of absent classes is meaningless
    mean_dice = torch.where(present, dice, 0.0).sum(1) / present.sum(1).clamp(min=1)
    return torch.where(pixels.any(dim=1), structure_entropy + mean_dice, torch.nan)
