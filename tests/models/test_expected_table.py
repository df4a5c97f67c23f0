import pytest
import torch
from torch.distributions import MultivariateNormal

from cmr_ssl.models.expected_table import Expectation, ExpectedTable, with_share
from tests.tiny import tiny_batch, tiny_encoder

COLUMNS = 3


def spread(seed):
    root = torch.randn(COLUMNS, COLUMNS, generator=torch.Generator().manual_seed(seed))
    return root @ root.T + torch.eye(COLUMNS)


@pytest.fixture
def table():
    """Return an expected table that something was solved for."""
    module = ExpectedTable(tiny_encoder(), COLUMNS)
    generator = torch.Generator().manual_seed(0)
    centre = torch.randn(module.pooling.width, generator=generator)
    weights = torch.randn(COLUMNS, module.pooling.width, generator=generator, dtype=torch.float64)
    numbers = (torch.tensor(one) for one in ([0.5, 0.0, -0.5], [1.0, 2.0, 3.0], [0.1, 2.0, 30.0]))
    module.take(Expectation(centre, weights, *numbers, spread(1), spread(2)))
    return module


def test_a_table_fits_by_the_ratio_of_its_likelihoods_over_the_fields_that_are_known(table):
    expected = torch.tensor([[0.5, -1.0, 0.2], [0.0, 2.0, 1.0]])
    tables = torch.tensor([[1.0, 0.0, -1.0], [torch.nan, 0.3, 0.4], [torch.nan, torch.nan, 2.0]])
    scores = table.fits(expected, tables)
    for row, known in enumerate(([0, 1, 2], [1, 2], [2])):
        left, usual = (one[known][:, known] for one in (table.open, table.usual))
        z, m = tables[row, known], expected[:, known]
        ratio = MultivariateNormal(m, left).log_prob(z) - MultivariateNormal(torch.zeros(len(known)), usual).log_prob(z)
        torch.testing.assert_close(scores[:, row].float(), ratio, atol=1e-4, rtol=1e-4)


def test_a_table_of_which_nothing_is_known_fits_all_images_alike(table):
    assert table.fits(torch.randn(4, COLUMNS), torch.full((1, COLUMNS), torch.nan)).tolist() == [[0]] * 4


def test_columns_are_standardised_and_what_is_far_off_counts_no_more(table):
    z = table.standardised(torch.tensor([[1.1, 2.0, torch.nan], [-100.0, 6.0, 1000.0]]))
    torch.testing.assert_close(z, torch.tensor([[1.0, 0.0, torch.nan], [-5.0, 2.0, 5.0]]), equal_nan=True)


def test_what_is_expected_of_a_study_is_a_map_of_its_landmarks_and_nothing_learns_through_it(table):
    encoder, batch = tiny_encoder(), tiny_batch()
    encoded = encoder(encoder.tokenise(batch.images, batch.affine, batch.present))
    told = table(encoded)
    by_hand = (table.pooling(encoded) - table.centre) @ table.weights.T + table.biases
    torch.testing.assert_close(told, by_hand.detach())
    assert not told.requires_grad


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_the_columns_make_their_share_of_the_kernel_and_well_told_ones_most_of_it(share):
    generator = torch.Generator().manual_seed(0)
    told = torch.tensor([1.0, 0.1]) * torch.randn(50, 2, generator=generator)
    features = torch.cat([torch.randn(50, 200, generator=generator), told], dim=1)
    variance, mean = torch.var_mean(features, dim=0, correction=0)
    squares = ((features - mean) / with_share(variance, 2, share).sqrt()).square().mean(dim=0)
    assert squares[-2:].sum() / len(variance) == pytest.approx(share, abs=1e-4)
    assert squares.sum() / len(variance) == pytest.approx(1, abs=1e-4)
    torch.testing.assert_close(squares[-2:] / squares[-1], variance[-2:] / variance[-1])
