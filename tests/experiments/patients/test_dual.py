import torch

from cmr_ssl.ridge import ridge
from experiments.patients.dual import heads, kernel_of, standardised


def test_heads_of_a_kernel_are_those_of_its_features_and_leave_out_who_they_learnt_from():
    generator = torch.Generator().manual_seed(0)
    features = standardised(torch.randn(50, 7, generator=generator), torch.arange(40))
    targets = features[:40, :2].double() + 0.3 * torch.randn(40, 2, generator=generator)
    targets[:5, 1] = torch.nan
    told = heads(kernel_of(features), torch.arange(40), targets, torch.arange(40, 50))
    same = ridge(features[:40, None], targets)
    torch.testing.assert_close(told.others, features[40:].double() @ same.weights.T + same.biases, atol=1e-3, rtol=0)
    assert told.left_out[:5, 1].isnan().all()
    inside = heads(kernel_of(features), torch.arange(40), targets, torch.arange(40)).others
    known = ~targets.isnan()
    assert (inside - targets)[known].square().mean() < (told.left_out - targets)[known].square().mean()
