from types import SimpleNamespace

import pytest
import torch
from torch.nn.functional import mse_loss

from cmr_ssl.corruption import (
    InPlaneShift,
    LowContrast,
    Mistriggering,
    MotionBlur,
    Noise,
    ThroughPlaneShift,
    WrapAround,
    WrongView,
)
from cmr_ssl.losses import NOISE, still_and_motion
from cmr_ssl.masking import LongAxisDropout, PlaneDropout, RandomMasking, StackEndDropout, TubeMasking
from cmr_ssl.metrics import psnr, visible_planes
from cmr_ssl.models import CrossAttentionDecoder, GridPositions, SelfAttentionDecoder
from cmr_ssl.models.tokens import patchify, take
from cmr_ssl.tasks import Optimisation, PretrainingTask
from tests.tiny import PATCH, repaint, tiny_batch, tiny_decoder, tiny_encoder, tiny_task

SEEDS = [11, 12]
PLANE = 8  # tokens of one
DROPPING = [RandomMasking(), PlaneDropout(1.0)]  # as many planes dropped as the budget allows
DECODERS = [CrossAttentionDecoder, SelfAttentionDecoder]


def some_absent(batch, *planes):
    present = batch.present.clone()
    present[:, list(planes)] = False
    return batch._replace(present=present)


def encoded_with(task, batch):
    """Return what the encoder says about a batch, and the mask."""
    said = []
    handle = task.encoder.register_forward_hook(lambda module, inputs, output: said.append(output))
    result = task.reconstruct(batch, SEEDS)
    handle.remove()
    return torch.cat([said[0].class_token[:, None], said[0].tokens], dim=1), result


def of_one_subject(batch, index):
    pick = slice(index, index + 1)
    return type(batch)(*(field[pick] for field in batch))


@pytest.mark.parametrize("masking", [DROPPING, [RandomMasking()], [TubeMasking()]])
@pytest.mark.parametrize("absent", [(), (2, 5)])
def test_the_encoder_cannot_see_what_is_hidden_dropped_or_absent(masking, absent):
    task, batch = tiny_task(masking=masking), some_absent(tiny_batch(), *absent)
    before, result = encoded_with(task, batch)
    other = repaint(batch.images, result.masked.hidden, PATCH, torch.rand(2, result.masked.hidden.shape[1], 256))
    assert (other - batch.images).abs().mean() > 0.1
    after, again = encoded_with(task, batch._replace(images=other))
    assert torch.equal(before, after)
    assert torch.equal(result.predicted, again.predicted)


def test_the_encoder_does_see_what_is_visible():
    task, batch = tiny_task(), tiny_batch()
    before, result = encoded_with(task, batch)
    other = repaint(batch.images, result.masked.visible[:, :1], PATCH, torch.rand(2, 1, 256))
    after, _ = encoded_with(task, batch._replace(images=other))
    assert (after - before).abs().amax(dim=(1, 2)).min() > 1e-3


FLAWS = [Mistriggering, MotionBlur, InPlaneShift, ThroughPlaneShift, WrongView, LowContrast, Noise, WrapAround]
every_flaw = pytest.mark.parametrize("flaw", FLAWS)


def trained_on(task, batch, monkeypatch):
    """Return the reconstruction of a training step, and what the encoder said."""
    said, results = [], []
    losses = task.losses
    monkeypatch.setattr(task, "losses", lambda result: results.append(result) or losses(result))
    monkeypatch.setattr(task, "log", lambda *arguments, **options: None)
    handle = task.encoder.register_forward_hook(lambda module, inputs, output: said.append(output))
    task.training_step(batch, 0)
    handle.remove()
    return results[0], said[0].tokens


@every_flaw
def test_flaws_are_what_the_encoder_sees_and_never_what_it_is_to_predict(flaw, monkeypatch):
    batch, before = tiny_batch(), tiny_batch().images
    clean, flawed = tiny_task(), tiny_task(corruption=[flaw(1.0)])
    (result, said), (other, said_other) = (trained_on(task, batch, monkeypatch) for task in (clean, flawed))
    assert torch.equal(result.masked.visible, other.masked.visible)
    assert torch.equal(result.hidden.patches, other.hidden.patches)
    assert torch.equal(other.hidden.patches, take(patchify(before, PATCH), other.masked.hidden))
    assert torch.equal(batch.images, before)
    assert not torch.equal(result.visible.patches, other.visible.patches)
    assert (said - said_other).abs().max() > 1e-3


@every_flaw
@pytest.mark.parametrize("rule", [PlaneDropout(0.7), LongAxisDropout(1.0), StackEndDropout(1.0)])
def test_dropped_planes_do_not_leak_through_flaws(flaw, rule, monkeypatch):
    task, batch = tiny_task(masking=[RandomMasking(), rule], corruption=[flaw(1.0)]), tiny_batch()
    result, before = trained_on(task, batch, monkeypatch)
    dropped = ~visible_planes(result.masked.visible, result.hidden.grid)
    assert dropped.any()
    images = batch.images.clone()
    images[dropped] = torch.rand_like(images[dropped])
    _, after = trained_on(task, batch._replace(images=images), monkeypatch)
    assert torch.equal(before, after)


def test_validation_knows_no_flaws(monkeypatch):
    batch, values = tiny_batch(), []
    for task in (tiny_task(), tiny_task(corruption=[Noise(1.0)])):
        monkeypatch.setattr(task, "log_means", lambda split, measured: values.append(measured))
        task.validation_step(batch, 0)
    clean, with_flaws = values
    for name, value in clean.items():
        torch.testing.assert_close(with_flaws[name], value, equal_nan=True)


def test_flaws_differ_between_epochs_and_repeat_with_the_seed(monkeypatch):
    batch, seen = tiny_batch(), []
    for epoch in (0, 0, 1):
        monkeypatch.setattr(PretrainingTask, "current_epoch", epoch)
        task = tiny_task(corruption=[LowContrast(0.5)])
        seen.append(task.flawed(batch, task.mask(batch, SEEDS)))
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("normalise", [False, True])
def test_the_loss_is_the_error_of_hidden_patches_alone(decoder, normalise):
    task, batch = tiny_task(decoder, normalise=normalise), tiny_batch()
    result = task.reconstruct(batch, SEEDS)
    target = take(patchify(batch.images, PATCH), result.masked.hidden)
    if normalise:
        deviation = (target.var(-1, correction=0, keepdim=True) + NOISE).sqrt()
        target = (target - target.mean(-1, keepdim=True)) / deviation
    for loss, predicted, truth in zip(task.losses(result), result.predicted, target, strict=True):
        torch.testing.assert_close(loss, mse_loss(predicted, truth))


@pytest.mark.parametrize("elsewhere", [0.0, 0.1, 1.0])
def test_motion_and_the_heart_weigh_more_where_asked(elsewhere):
    batch, weights = tiny_batch(), {"motion": 20.0, "heart_mm": 50.0, "elsewhere": elsewhere}
    plain, weighted = tiny_task(), tiny_task(**weights)
    result = plain.reconstruct(batch, SEEDS)
    loss = weighted.losses(result)
    still, moving = still_and_motion(result.predicted - result.hidden.patches, PATCH[0])
    errors = still.square().mean((-2, -1)) + 20 * moving.square().mean((-2, -1))
    weight = elsewhere + (1 - elsewhere) * torch.exp(-result.hidden.where.centre.square().sum(-1) / 5000)
    torch.testing.assert_close(loss, (errors * weight).sum(1) / weight.sum(1))
    assert not torch.allclose(plain.losses(result._replace(predicted=result.hidden.patches + 0.1)), loss)


def test_explained_motion_and_content_are_those_of_hidden_tokens_near_the_heart_and_elsewhere():
    task, batch = tiny_task(), tiny_batch()
    batch.affine[:, ::2, 0, 3] += 60  # every second plane lies beside the heart
    result = task.reconstruct(batch, SEEDS)
    perfect = task.squares(result._replace(predicted=result.hidden.patches))
    assert all(errors.sum() < 1e-6 < total.sum() for errors, total in perfect.values())
    still, _ = still_and_motion(result.hidden.patches, PATCH[0])
    frozen = task.squares(result._replace(predicted=still.expand(-1, -1, PATCH[0], -1).flatten(-2)))
    assert frozen["r2_still_heart"][0].sum() < 1e-6
    torch.testing.assert_close(*frozen["r2_motion_heart"])
    near = result.hidden.where.centre.norm(dim=-1) <= 50
    assert torch.equal(frozen["r2_motion_heart"][1] > 0, near & result.hidden.exists)
    assert torch.equal(frozen["r2_motion_elsewhere"][1] > 0, ~near & result.hidden.exists)


def test_visible_pixels_are_no_target():
    task, batch = tiny_task(), tiny_batch()
    result = task.reconstruct(batch, SEEDS)
    other = repaint(batch.images, result.masked.visible, PATCH, torch.rand(2, result.masked.visible.shape[1], 256))
    target = result.hidden._replace(patches=take(patchify(other, PATCH), result.masked.hidden))
    assert torch.equal(task.losses(result._replace(hidden=target)), task.losses(result))


def test_the_loss_covers_dropped_planes_and_never_absent_ones():
    task, batch = tiny_task(masking=DROPPING), some_absent(tiny_batch(), 3)
    result = task.reconstruct(batch, SEEDS)
    gradient = torch.autograd.grad(task.losses(result).sum(), result.predicted)[0].abs().sum(dim=-1)
    plane = result.masked.hidden // PLANE
    dropped = ~visible_planes(result.masked.visible, result.hidden.grid).gather(1, plane) & (plane != 3)
    assert dropped.sum() >= 2 * PLANE
    assert (gradient[dropped] > 0).all()
    assert (gradient[plane == 3] == 0).all()


def test_subjects_with_nothing_hidden_do_not_spoil_the_gradients_of_others():
    task, batch = tiny_task(masking=[RandomMasking()], mask_ratio=5 / 7), tiny_batch()  # two planes fill the budget
    present = batch.present.clone()
    present[1, 2:] = False
    task.training_step(batch._replace(present=present), 0).backward()
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in task.parameters())
    assert task.encoder.embed.weight.grad.abs().max() > 0


@pytest.mark.parametrize("decoder", DECODERS)
def test_two_subjects_together_are_two_subjects_alone(decoder):
    task, batch = tiny_task(decoder), some_absent(tiny_batch(), 1)
    together = task.reconstruct(batch, SEEDS)
    for index, seed in enumerate(SEEDS):
        alone = task.reconstruct(of_one_subject(batch, index), [seed])
        assert torch.equal(alone.masked.visible[0], together.masked.visible[index])
        torch.testing.assert_close(alone.predicted[0], together.predicted[index])
        torch.testing.assert_close(task.losses(alone)[0], task.losses(together)[index])


def test_a_blank_sample_changes_no_metric():
    task, batch = tiny_task(masking=DROPPING), tiny_batch(3)
    batch = batch._replace(present=batch.present.clone(), subject=[*batch.subject[:2], ""])
    batch.present[2] = False
    with_blank = task.measure(task.reconstruct(batch, [*SEEDS, 13]))
    without = task.measure(task.reconstruct(type(batch)(*(field[:2] for field in batch)), SEEDS))
    for name, values in with_blank.items():
        torch.testing.assert_close(values[:2], without[name])
        assert values[2].isnan(), name
    task.means["loss"].update(with_blank["loss"])
    torch.testing.assert_close(task.means["loss"].compute(), without["loss"].mean())


def test_psnr_is_that_of_hidden_and_of_dropped_pixels():
    task, batch = tiny_task(masking=DROPPING), tiny_batch()
    result = task.reconstruct(batch, SEEDS)
    measured = task.measure(result)
    dropped = ~visible_planes(result.masked.visible, result.hidden.grid).gather(1, result.masked.hidden // PLANE)
    errors = (result.predicted.clamp(0, 1) - result.hidden.patches).square()
    for subject in range(2):
        torch.testing.assert_close(measured["psnr_hidden"][subject], psnr(errors[subject].mean()))
        torch.testing.assert_close(measured["psnr_dropped"][subject], psnr(errors[subject][dropped[subject]].mean()))


def test_the_trivial_reconstruction_is_the_mean_of_the_visible_pixels_of_the_plane():
    task, batch = tiny_task(masking=DROPPING), tiny_batch()
    result = task.reconstruct(batch, SEEDS)
    patches = patchify(batch.images, PATCH)
    for subject, measured in enumerate(task.measure(result)["psnr_trivial"]):
        seen, hidden = result.masked.visible[subject], result.masked.hidden[subject]
        errors = []
        for token in hidden:
            beside = seen[seen // PLANE == token // PLANE]
            guess = patches[subject, beside if len(beside) else seen].mean()
            errors.append((patches[subject, token] - guess).square().mean())
        torch.testing.assert_close(measured, psnr(torch.stack(errors).mean()))


def test_without_dropped_planes_there_is_nothing_to_measure_on_them():
    task = tiny_task(masking=[RandomMasking()], mask_ratio=0.1)
    measured = task.measure(task.reconstruct(tiny_batch(), SEEDS))
    assert measured["psnr_dropped"].isnan().all()
    assert measured["psnr_hidden"].isfinite().all()


def test_the_picture_does_not_know_mean_and_deviation_of_hidden_patches():
    task, batch = tiny_task(normalise=True), tiny_batch()
    result = task.reconstruct(batch, SEEDS)
    brighter = repaint(batch.images, result.masked.hidden, PATCH, 0.3 * result.hidden.patches + 0.7)
    picture = task.intensities(result)
    assert torch.equal(task.intensities(task.reconstruct(batch._replace(images=brighter), SEEDS)), picture)
    assert picture.std() > 0
    assert picture.min() >= 0
    assert picture.max() <= 1


def test_validation_hides_the_same_tokens_in_every_epoch_and_training_others(monkeypatch):
    task, batch, used = tiny_task(), tiny_batch(), []
    monkeypatch.setattr(task, "losses", lambda result: used.append(result.masked.visible) or torch.zeros(2))
    monkeypatch.setattr(task, "log", lambda *arguments, **options: None)
    for epoch in range(2):
        monkeypatch.setattr(PretrainingTask, "current_epoch", epoch)
        task.training_step(batch, 0)
        task.validation_step(batch, 0)
    train, fixed, later, same = used
    assert torch.equal(fixed, same)
    assert not torch.equal(train, later)
    assert not torch.equal(train, fixed)


@pytest.mark.parametrize("slices", [2, 12])
def test_the_same_weights_reconstruct_any_number_of_planes(slices):
    task = tiny_task()
    assert task.losses(task.reconstruct(tiny_batch(slices=slices), SEEDS)).isfinite().all()


@pytest.mark.parametrize("decoder", DECODERS)
def test_thousands_of_tokens_and_large_weights_stay_finite_in_bfloat16(decoder):
    task = tiny_task(decoder, encoder=tiny_encoder(patch=(2, 2, 2)))
    with torch.no_grad():
        for weight in task.parameters():
            weight.mul_(10)
    with torch.autocast("cpu", torch.bfloat16):
        loss = task.losses(task.reconstruct(tiny_batch(1, slices=5), SEEDS[:1])).sum()
    loss.backward()
    assert loss.isfinite()
    assert all(weight.grad.isfinite().all() for weight in task.parameters())


@pytest.mark.parametrize(("decoder", "normalise"), [(CrossAttentionDecoder, True), (SelfAttentionDecoder, False)])
def test_a_few_steps_learn_one_subject(decoder, normalise):
    torch.manual_seed(0)
    task = tiny_task(decoder, normalise=normalise, masking=[TubeMasking()], encoder=tiny_encoder(GridPositions()))
    batch = tiny_batch(1)
    smooth = batch._replace(images=batch.images.mean(dim=2, keepdim=True).expand_as(batch.images).contiguous())
    optimizer = torch.optim.AdamW(task.parameters(), 3e-3)
    losses = []
    for _ in range(50):
        loss = task.training_step(smooth, 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def gradients(task):
    return torch.cat([weight.grad.flatten() for weight in task.parameters() if weight.grad is not None])


@pytest.mark.parametrize(("clip_norm", "kept"), [(0.01, False), (1e6, True)])
def test_long_gradients_are_shortened_and_short_ones_left_alone(monkeypatch, clip_norm, kept):
    task = tiny_task(optimisation=Optimisation(clip_norm=clip_norm))
    monkeypatch.setattr(task, "log", lambda *arguments, **options: None)
    task.losses(task.reconstruct(tiny_batch(), SEEDS)).sum().backward()
    before = gradients(task).clone()
    task.on_before_optimizer_step(None)
    wanted = before if kept else before * clip_norm / before.norm()
    assert clip_norm > before.norm() if kept else clip_norm < before.norm()
    torch.testing.assert_close(gradients(task), wanted, rtol=1e-3, atol=1e-9)
    torch.testing.assert_close(task.gradient_norm, before.norm())


@pytest.mark.parametrize(("precision", "fused"), [("32-true", True), ("bf16-mixed", True), ("16-mixed", False)])
def test_the_optimiser_is_fused_unless_its_gradients_must_be_unscaled_first(precision, fused):
    task = tiny_task()
    task.trainer = SimpleNamespace(precision=precision, estimated_stepping_batches=5)
    optimizer = task.configure_optimizers()["optimizer"]
    assert {group["fused"] for group in optimizer.param_groups} == {fused}


def test_a_subject_whose_reconstruction_is_no_number_shows_in_the_loss():
    task, batch = tiny_task(), tiny_batch()
    batch.affine[1] = torch.nan
    assert task.training_step(batch, 0).isnan()


def test_pretraining_needs_a_rule_of_masking():
    with pytest.raises(ValueError, match="at least one masking rule"):
        PretrainingTask(tiny_encoder(), tiny_decoder(), [])
