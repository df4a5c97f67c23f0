import torch

from experiments.patients.dual import kernel_of, standardised
from experiments.patients.retrieval import found
from experiments.patients.solved import estimated, fits, solve

LEARNT, TESTED = torch.arange(200), torch.arange(200, 300)


def scene():
    """Return images and the tables that they tell, a part of which is unknown."""
    generator = torch.Generator().manual_seed(0)
    tables = torch.randn(300, 6, generator=generator).double()
    tables[:, 5] = tables[:, 4] + 0.3 * tables[:, 5]
    images = torch.cat([tables[:, :4], torch.randn(300, 6, generator=generator)], dim=1).float()
    images += 0.3 * torch.randn(300, 10, generator=generator)
    return kernel_of(standardised(images, LEARNT)), tables.masked_fill(
        torch.rand(300, 6, generator=generator) < 0.2, torch.nan
    )


def test_tables_are_found_by_the_images_of_subjects_never_seen_and_those_of_others_are_not():
    kernel, tables = scene()
    aligned = solve(kernel, LEARNT, tables)
    images, whole = aligned.expected[TESTED], aligned.tables[TESTED]
    own, others = (found(fits(aligned, images, one)).mean() for one in (whole, whole.roll(1, dims=0)))
    assert own > 0.4
    assert others < 0.05


def test_what_a_subject_learnt_is_not_told_of_itself():
    kernel, tables = scene()
    changed = tables.clone()
    changed[0] = tables[0].nan_to_num() + 3.0
    before, after = (solve(kernel, LEARNT, one).expected[0] for one in (tables, changed))
    others = (tables[0] - before).abs().nanmean()
    assert (after - before).abs().mean() < 0.3 * others + 0.3


def test_a_covariance_is_estimated_through_gaps_and_they_are_filled_by_what_it_expects():
    generator = torch.Generator().manual_seed(0)
    true = torch.tensor([[1.0, 0.8], [0.8, 1.0]], dtype=torch.float64)
    values = torch.randn(4000, 2, generator=generator).double() @ torch.linalg.cholesky(true).T
    gaps = torch.rand(4000, generator=generator) < 0.5
    shown = values.clone()
    shown[gaps, 1] = torch.nan
    covariance, filled = estimated(shown, steps=30)
    torch.testing.assert_close(covariance, true, atol=0.06, rtol=0)
    torch.testing.assert_close(filled[gaps, 1], 0.8 * values[gaps, 0], atol=0.2, rtol=0)
