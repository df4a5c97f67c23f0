import pytest
import torch

from cmr_ssl.models import TableEncoder

NAN = torch.nan


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    made = TableEncoder(2, [2, 3], width=16, depth=1, heads=2)
    made.fit_statistics(torch.tensor([[50.0, 1.0, 0, 0], [60.0, NAN, 1, 1], [70.0, 3.0, 0, 2]]))
    return made.eval()


def test_numbers_are_standardised_by_what_is_known_in_training(encoder):
    torch.testing.assert_close(encoder.mean, torch.tensor([60.0, 2.0]))
    torch.testing.assert_close(encoder.deviation, torch.tensor([(200 / 3) ** 0.5, 1.0]))
    one = encoder(torch.tensor([[60.0, 5.0, 0, 0]]))
    encoder.fit_statistics(torch.tensor([[5.0, 1.0, 0, 0], [6.0, NAN, 1, 1], [7.0, 3.0, 0, 2]]))
    torch.testing.assert_close(encoder(torch.tensor([[6.0, 5.0, 0, 0]])), one)  # whatever the unit


def test_every_field_has_an_effect_and_unknown_is_no_value(encoder):
    usual = [60.0, 2.0, 0.0, 0.0]
    vectors = [encoder(torch.tensor([usual]))]
    for field, other in enumerate((71.0, 2.5, 1.0, 2.0)):
        for value in (other, NAN):
            vectors.append(encoder(torch.tensor([[*usual[:field], value, *usual[field + 1 :]]])))
    apart = torch.cdist(torch.cat(vectors), torch.cat(vectors)) + torch.eye(len(vectors))
    assert apart.min() > 1e-4


def test_a_table_of_which_nothing_is_known_has_a_vector_and_gradients(encoder):
    values = torch.full((2, 4), NAN)
    encoder(values).square().sum().backward()
    assert encoder.missing.grad.abs().sum() > 0
    assert all(parameter.grad.isfinite().all() for parameter in encoder.parameters())


def test_a_slip_of_a_pen_counts_no_more_than_five_deviations(encoder):
    far, farther = (encoder(torch.tensor([[value, 2.0, 0, 0]])) for value in (1e3, 1e6))
    torch.testing.assert_close(far, farther)


def test_only_classes_or_only_numbers_are_a_table_too():
    assert TableEncoder(0, [2], width=8, heads=2)(torch.tensor([[1.0]])).shape == (1, 8)
    assert TableEncoder(1, [], width=8, heads=2)(torch.tensor([[1.0]])).shape == (1, 8)
    with pytest.raises(ValueError, match="without fields"):
        TableEncoder(0, [])
