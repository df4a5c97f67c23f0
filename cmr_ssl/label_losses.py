"""The loss of a segmentation whose labels are incomplete, as real ones are.

Pixels nobody labelled do not count. A view in which only some classes were drawn (UK Biobank's 2-chamber view: the left
atrium alone) does not say where the others are: its background means "none of the drawn ones". So the probabilities of
the classes nobody drew are added to the background's before they are compared (marginal loss: Shi et al., Medical Image
Analysis 2021, arXiv 2007.03868).
"""

import torch
from monai.losses import DiceLoss
from torch import Tensor
from torch.nn.functional import nll_loss, one_hot

from cmr_ssl.anatomy import BACKGROUND, CLASSES, UNLABELLED

NEVER = -30.0  # log probability of what is impossible


def marginal(logits: Tensor, annotated: Tensor) -> Tensor:
    """Return log probabilities in which classes nobody drew count as background.

    Args:
        logits: (B, P, C, ...).
        annotated: which classes somebody drew, (B, P, C).

    Returns:
        Log probabilities, (B, P, C, ...); `NEVER` for classes that were not drawn.
    """
    log_probability = logits.float().log_softmax(dim=2)
    drawn = annotated.clone()
    drawn[..., BACKGROUND] = False
    drawn = drawn.reshape(*drawn.shape, *[1] * (logits.ndim - 3))
    background = log_probability.masked_fill(drawn, -torch.inf).logsumexp(dim=2, keepdim=True)
    merged = log_probability.masked_fill(~drawn, NEVER)
    return torch.cat([background, merged[:, :, 1:]], dim=2)


def segmentation_losses(logits: Tensor, labels: Tensor, annotated: Tensor) -> Tensor:
    """Return cross-entropy plus Dice loss of each subject, (B,), NaN where nothing of it is labelled.

    Args:
        logits: (B, P, C, F, H, W).
        labels: classes of `anatomy`, 255 where nobody labelled, (B, P, F, H, W).
        annotated: which classes somebody drew on each plane, (B, P, C).
    """
    labelled = labels != UNLABELLED
    wanted = torch.where(labelled, labels, BACKGROUND).long()
    log_probability = marginal(logits, annotated)
    entropy = nll_loss(log_probability.transpose(1, 2), wanted, reduction="none")
    pixels = labelled.flatten(1)
    mean_entropy = torch.where(pixels, entropy.flatten(1), 0.0).sum(1) / pixels.sum(1).clamp(min=1)
    target = one_hot(wanted, len(CLASSES)).movedim(-1, 2)
    seen = labelled[:, :, None]
    probability, target = ((part * seen).movedim(2, 1).flatten(2) for part in (log_probability.exp(), target))
    dice = DiceLoss(include_background=False, reduction="none")(probability, target.float()).flatten(1)
    shown = target[:, 1:].any(dim=2)  # the Dice of what is absent says nothing, however small its probability
    mean_dice = torch.where(shown, dice, 0.0).sum(1) / shown.sum(1).clamp(min=1)
    return torch.where(pixels.any(dim=1), mean_entropy + mean_dice, torch.nan)
