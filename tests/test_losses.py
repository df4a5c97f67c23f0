import pytest
import torch

from cmr_ssl.losses import (
    mean_where,
    normalise_patches,
    patch_errors,
    still_and_motion,
    still_and_motion_error,
    subject_mean,
)


def test_normalised_patches_have_mean_zero_and_deviation_one_but_noise_is_not_blown_up():
    patches = normalise_patches(torch.rand(2, 5, 512, generator=torch.Generator().manual_seed(0)))
    torch.testing.assert_close(patches.mean(-1), torch.zeros(2, 5), atol=1e-5, rtol=0)
    torch.testing.assert_close(patches.std(-1, correction=0), torch.ones(2, 5), atol=5e-3, rtol=0)
    noise = normalise_patches(0.01 * torch.randn(2, 5, 64, generator=torch.Generator().manual_seed(0)))
    assert noise.std(-1, correction=0).max() < 0.6
    assert torch.equal(normalise_patches(torch.full((1, 1, 64), 0.5)), torch.zeros(1, 1, 64))


def test_what_stays_and_what_moves_add_up_and_motion_has_no_mean():
    patches = torch.rand(2, 3, 4 * 6, generator=torch.Generator().manual_seed(0))
    still, moving = still_and_motion(patches, frames=4)
    torch.testing.assert_close((still + moving).flatten(-2), patches)
    torch.testing.assert_close(moving.mean(dim=-2), torch.zeros(2, 3, 6), atol=1e-6, rtol=0)


def test_means_count_what_is_there_as_much_as_weights_say_and_what_is_no_number_shows():
    values, there = torch.tensor([[1.0, 3.0, 100.0]]), torch.tensor([[True, True, False]])
    assert mean_where(values, there, torch.tensor([[3.0, 1.0, 9.0]])).item() == pytest.approx(1.5)
    values, there = torch.tensor([[1.0, 2.0, 90.0], [5.0, 6.0, 7.0]]), torch.tensor([[1, 1, 0], [0, 0, 0]]).bool()
    means = mean_where(values, there)
    assert means[0] == 1.5
    assert means[1].isnan()
    assert mean_where(torch.tensor([[1.0, torch.nan]]), torch.ones(1, 2, dtype=torch.bool)).isnan()
    values = torch.tensor([[1.0, torch.nan, torch.inf]], requires_grad=True)  # what is not there may be anything
    mean = mean_where(values, torch.tensor([[True, False, False]]))
    mean.sum().backward()
    assert mean.tolist() == [1.0]
    assert values.grad.tolist() == [[1.0, 0.0, 0.0]]


def test_errors_are_mean_squares_of_each_patch_in_float32():
    predicted, target = torch.tensor([[[1.0, 3.0], [0.0, 0.0]]]), torch.tensor([[[0.0, 0.0], [2.0, 2.0]]])
    errors = patch_errors(predicted.bfloat16(), target)
    assert errors.dtype == torch.float32
    assert errors.tolist() == [[5.0, 4.0]]


def test_subjects_weigh_the_same_those_without_a_value_nothing_and_a_batch_of_these_is_zero():
    assert subject_mean(torch.tensor([1.0, torch.nan, 4.0]), torch.tensor([True, False, True])) == 2.5
    errors = torch.ones(2, 3, requires_grad=True)
    there = torch.zeros(2, 3, dtype=torch.bool)
    loss = subject_mean(mean_where(errors, there), there.any(dim=1))
    loss.backward()
    assert loss == 0
    assert errors.grad.isfinite().all()


@pytest.mark.parametrize("broken", [torch.nan, torch.inf])
def test_a_subject_that_counts_and_has_no_finite_value_shows_in_the_loss(broken):
    assert not subject_mean(torch.tensor([1.0, broken, 4.0]), torch.ones(3, dtype=torch.bool)).isfinite()


@pytest.mark.parametrize("motion", [1.0, 20.0])
def test_the_error_of_what_stays_and_moves_is_that_of_its_parts(motion):
    error = torch.randn(2, 3, 5 * 4, generator=torch.Generator().manual_seed(0))
    still, moving = still_and_motion(error, 5)
    expected = still.square().mean(dim=(-2, -1)) + motion * moving.square().mean(dim=(-2, -1))
    torch.testing.assert_close(still_and_motion_error(error, 5, motion), expected)
