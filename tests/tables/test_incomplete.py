import torch

from cmr_ssl.tables.incomplete import covariance_of, with_factors


def test_a_covariance_is_estimated_through_gaps_and_they_are_filled_by_what_it_expects():
    generator = torch.Generator().manual_seed(0)
    true = torch.tensor([[1.0, 0.8], [0.8, 1.0]], dtype=torch.float64)
    values = torch.randn(4000, 2, generator=generator).double() @ torch.linalg.cholesky(true).T
    gaps = torch.rand(4000, generator=generator) < 0.5
    shown = values.clone()
    shown[gaps, 1] = torch.nan
    covariance, filled = covariance_of(shown, steps=30)
    torch.testing.assert_close(covariance, true, atol=0.06, rtol=0)
    torch.testing.assert_close(filled[gaps, 1], 0.8 * values[gaps, 0], atol=0.2, rtol=0)
    assert torch.equal(filled[~gaps], values[~gaps])


def test_fields_that_follow_from_others_leave_no_eigenvalue_at_zero():
    values = torch.randn(300, 1, generator=torch.Generator().manual_seed(0)).double().expand(-1, 3)
    assert torch.linalg.eigvalsh(covariance_of(values)[0]).min() > 0.01


def test_of_a_few_factors_a_covariance_is_found_again_and_noise_of_few_subjects_is_left_out():
    generator = torch.Generator().manual_seed(0)
    common = 0.5 * torch.randn(40, 2, generator=generator, dtype=torch.float64)
    true = common @ common.T + torch.diag(0.5 + torch.rand(40, generator=generator, dtype=torch.float64))
    torch.testing.assert_close(with_factors(true, 2), true, atol=0.02, rtol=0)
    values = torch.randn(80, 40, generator=generator).double() @ torch.linalg.cholesky(true).T
    seen = values.T @ values / len(values)
    assert (with_factors(seen, 2) - true).square().mean() < 0.8 * (seen - true).square().mean()
