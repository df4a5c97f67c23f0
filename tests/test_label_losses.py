import pytest
import torch

from cmr_ssl.anatomy import BACKGROUND, LA, LV, RV, UNLABELLED
from cmr_ssl.label_losses import marginal, segmentation_losses

ALL = torch.ones(1, 1, 6, dtype=torch.bool)


def only(*classes):
    annotated = torch.zeros(1, 1, 6, dtype=torch.bool)
    annotated[..., [BACKGROUND, *classes]] = True
    return annotated


def sure(labels, score=20.0):
    """Return logits (1, 1, 6, 1, H, W) that are sure of `labels` (H, W)."""
    return score * torch.nn.functional.one_hot(labels.long(), 6).movedim(-1, 0).float()[None, None, :, None]


def picture(value=LV):
    labels = torch.zeros(8, 8, dtype=torch.uint8)
    labels[2:6, 2:6] = value
    return labels


def test_the_truth_costs_nothing_and_its_opposite_much():
    labels = picture()
    right = segmentation_losses(sure(labels), labels[None, None, None], ALL)
    wrong = segmentation_losses(sure(picture(RV)), labels[None, None, None], ALL)
    assert right.item() < 1e-3
    assert wrong.item() > 1


def test_probabilities_of_what_nobody_drew_belong_to_the_background_and_where_all_was_nothing_is_merged():
    logits = torch.randn(1, 1, 6, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    probability, merged = logits.softmax(dim=2), marginal(logits, only(LA)).exp()
    torch.testing.assert_close(merged[:, :, LA], probability[:, :, LA])
    torch.testing.assert_close(merged[:, :, BACKGROUND], 1 - probability[:, :, LA])
    assert merged[:, :, LV].max() < 1e-10
    torch.testing.assert_close(marginal(logits, ALL), logits.log_softmax(dim=2))


def test_a_ventricle_where_only_the_atrium_was_drawn_is_no_mistake_but_a_missed_atrium_is():
    labels = picture(LA)
    labels_map = labels[None, None, None]
    with_ventricle = labels.clone()
    with_ventricle[6:] = LV
    assert segmentation_losses(sure(with_ventricle), labels_map, only(LA)).item() < 1e-3
    assert segmentation_losses(sure(with_ventricle), labels_map, ALL).item() > 0.3
    assert segmentation_losses(sure(torch.zeros(8, 8)), labels_map, only(LA)).item() > 1


def test_a_border_drawn_wrongly_costs_the_same_however_much_background_is_around_it():
    def loss(size):
        labels, guess = torch.zeros(2, size, size, dtype=torch.uint8)
        labels[2:8, 2:8], guess[2:8, 3:8] = LV, LV
        return segmentation_losses(sure(guess, 8.0), labels[None, None, None], ALL).item()

    assert loss(32) == pytest.approx(loss(12), rel=0.05)
    assert loss(12) > 1


def test_planes_with_next_to_nothing_of_a_heart_weigh_no_more_than_others():
    labels, guess = torch.zeros(2, 64, 64, dtype=torch.uint8)
    guess[:8, :8] = LV
    nothing = segmentation_losses(sure(guess, 8.0), labels[None, None, None], ALL).item()
    assert nothing == pytest.approx(64 * 8 / (0.01 * 64 * 64), rel=0.02)


def test_what_nobody_labelled_does_not_count():
    labels = picture()
    labels[:, 4:] = UNLABELLED
    guess = picture()
    guess[:, 4:] = RV
    assert segmentation_losses(sure(guess), labels[None, None, None], ALL).item() < 1e-3
    nothing = torch.full((1, 1, 1, 8, 8), UNLABELLED, dtype=torch.uint8)
    assert segmentation_losses(sure(guess), nothing, ALL).isnan().all()


def test_each_subject_is_judged_alone_and_gradients_stay_finite():
    labels = torch.stack([picture(), torch.full((8, 8), UNLABELLED, dtype=torch.uint8)])[:, None, None]
    logits = torch.cat([sure(picture(RV)), sure(picture())]).requires_grad_()
    losses = segmentation_losses(logits, labels, ALL.expand(2, -1, -1))
    assert losses[0].item() == pytest.approx(segmentation_losses(sure(picture(RV)), labels[:1], ALL).item(), rel=1e-5)
    torch.where(losses.isnan(), 0.0, losses).sum().backward()
    assert logits.grad.isfinite().all()
    assert logits.grad[0].abs().sum() > 0
