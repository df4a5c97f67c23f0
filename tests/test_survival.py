import numpy as np
import pytest
import torch

from cmr_ssl.survival import cox_loss, cumulative_baseline, fit_cox, kaplan_meier, surviving


def test_coxs_loss_is_what_a_hand_computes_with_ties_by_efron_and_zero_without_an_event():
    """Times 1, 2, 2, 3 with events at 1 and twice at 2; hazards 1, 2, 3, 4."""
    hazards = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    times, events = torch.tensor([1.0, 2.0, 2.0, 3.0]), torch.tensor([True, True, True, False])
    first = np.log(1 / 10)
    both = np.log(2 * 3) - np.log(9) - np.log(9 - (2 + 3) / 2)  # the second of two that tie misses half of both
    assert cox_loss(hazards.log(), times, events).item() == pytest.approx(-(first + both) / 3)
    outputs = torch.ones(3, requires_grad=True)
    cox_loss(outputs, torch.tensor([1.0, 2.0, 3.0]), torch.zeros(3, dtype=torch.bool)).backward()
    assert (outputs.grad == 0).all()


@pytest.fixture(scope="module")
def drawn():
    """Return features, times and events of 3,000 subjects whose log hazard is x_0 - x_1 / 2, censored at 2 years."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3000, 3, generator=generator)
    times = -torch.log(torch.rand(3000, generator=generator)) / (0.2 * torch.exp(x[:, 0] - x[:, 1] / 2))
    return x, times.clamp(max=2.0), times < 2.0


def test_a_linear_model_finds_the_weights_and_the_baseline_that_were_drawn_from(drawn):
    torch.testing.assert_close(fit_cox(*drawn), torch.tensor([1.0, -0.5, 0.0]), atol=0.07, rtol=0)
    x, times, events = drawn
    found = cumulative_baseline(x[:, 0] - x[:, 1] / 2, times, events, torch.tensor([0.0, 0.5, 1.0, 1.9]))
    torch.testing.assert_close(found, torch.tensor([0.0, 0.1, 0.2, 0.38]), atol=0.02, rtol=0)


@pytest.mark.parametrize("shift", [-30.0, -8.0, 8.0, 30.0])
def test_a_constant_in_the_log_hazard_changes_no_risk(drawn, shift):
    """Cox's loss does not know it, so a network may put it anywhere."""
    x, times, events = drawn
    at, hazards = torch.tensor([0.5, 1.9]), x[:, 0].double()
    plain = cumulative_baseline(hazards, times, events, at.double())
    shifted = cumulative_baseline(hazards + shift, times, events, at.double())
    torch.testing.assert_close(shifted * np.exp(shift), plain, rtol=1e-6, atol=0)


def test_a_kaplan_meier_curve_is_what_a_hand_computes():
    times, events = torch.tensor([1.0, 2.0, 2.0, 3.0, 4.0]), torch.tensor([True, True, False, False, True])
    seen, share = kaplan_meier(times, events)
    assert seen.tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(share, [0.8, 0.6, 0.6, 0.0], rtol=1e-6)
    assert surviving(times, events, 0.5) == 1
    assert surviving(times, events, 3.5) == pytest.approx(0.6)
    assert np.isnan(surviving(times[:0], events[:0], 1.0))
    assert surviving(times, events & False, 3.5) == 1
