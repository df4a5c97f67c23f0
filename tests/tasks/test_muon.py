import copy

import pytest
import torch
from torch import nn
from torch.optim import AdamW

from cmr_ssl.tasks import muon
from cmr_ssl.tasks.muon import Muon, by_shape, orthogonal

BETAS = (0.9, 0.95)


def network():
    """Return two matrices of one shape, a tall one and a bias, with gradients."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 6, bias=False), nn.Linear(6, 15, bias=False))
    net(torch.randn(9, 6)).square().sum().backward()
    return net


def groups(net):
    """Return the groups of a network: matrices by Muon, and the rest."""
    matrices = [one for one in net.parameters() if one.ndim == 2]
    return [
        {"params": matrices, "lr": 0.02, "weight_decay": 0.1, "muon": True},
        {"params": [net[0].bias], "lr": 0.02, "weight_decay": 0.0, "muon": False},
    ]


@pytest.mark.parametrize("shape", [(3, 5, 8), (2, 8, 5), (1, 6, 6)])
def test_directions_keep_the_singular_vectors_and_make_the_values_alike(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    within = u.mT @ orthogonal(matrices).float() @ v.mT
    values = within.diagonal(dim1=1, dim2=2)
    assert values.min() > 0.6
    assert values.max() < 1.3
    assert (within - torch.diag_embed(values)).abs().max() < 0.02


def test_matrices_move_as_torch_moves_them_and_the_rest_as_adamw_does(monkeypatch):
    monkeypatch.setattr(muon, "has_bfloat16", lambda device: True)  # torch's rounds whatever the device
    net = network()
    theirs, plain = copy.deepcopy(net), copy.deepcopy(net)
    for other in (theirs, plain):
        for one, own in zip(other.parameters(), net.parameters(), strict=True):
            one.grad = own.grad.clone()
    matrices = [one for one in theirs.parameters() if one.ndim == 2]
    Muon(groups(net), BETAS, fused=False).step()
    torch.optim.Muon(matrices, lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw").step()
    AdamW([plain[0].bias], lr=0.02, betas=BETAS, weight_decay=0.0).step()
    for ours, torchs in zip((one for one in net.parameters() if one.ndim == 2), matrices, strict=True):
        torch.testing.assert_close(ours, torchs, atol=1e-4, rtol=0)
    torch.testing.assert_close(net[0].bias, plain[0].bias)


def test_a_training_goes_on_after_its_state_was_saved_as_if_it_had_not_been_cut():
    net = network()
    optimiser = Muon(groups(net), BETAS, fused=False)
    gradients = [one.grad.clone() for one in net.parameters()]
    optimiser.step()
    cut = copy.deepcopy(net)
    again = Muon(groups(cut), BETAS, fused=False)
    again.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    for one, other, gradient in zip(net.parameters(), cut.parameters(), gradients, strict=True):
        one.grad, other.grad = gradient.clone(), gradient.clone()
    optimiser.step()
    again.step()
    for one, other in zip(net.parameters(), cut.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=0, rtol=0)


def test_what_has_no_gradient_stays():
    net = network()
    net[1].weight.grad = None
    before = net[1].weight.clone()
    assert [len(alike) for alike in by_shape(net.parameters())] == [1, 1, 1]
    Muon(groups(net), BETAS, fused=False).step()
    torch.testing.assert_close(net[1].weight, before, atol=0, rtol=0)
