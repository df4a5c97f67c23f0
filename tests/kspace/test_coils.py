import pytest
import torch

from cmr_ssl.kspace.coils import sensitivities, smooth_phase


def test_phase_is_smooth_and_as_large_as_it_may_be():
    phase = smooth_phase(torch.ones(1, 5), 0.5, 32, 32).angle()
    assert phase.max() == pytest.approx(0.5, abs=1e-5)
    assert phase.diff(dim=-1).abs().max() < 0.05
    assert (smooth_phase(torch.rand(1, 5), 0.0, 8, 8).angle() == 0).all()


def test_coils_see_the_same_place_alike_in_every_plane():
    affine = torch.eye(4).repeat(2, 1, 1)
    affine[1, :3, :3] = torch.tensor([[0.0, 0, 1], [0, 1, 0], [1, 0, 0]])  # another plane through the same pixel (0, 0)
    seen = sensitivities(affine, 4, 8, 8)
    torch.testing.assert_close(seen[0, :, 0, 0], seen[1, :, 0, 0])
    assert not torch.allclose(seen[0, :, 7, 7], seen[1, :, 7, 7])
    torch.testing.assert_close(seen.abs().square().sum(dim=1), torch.ones(2, 8, 8))
