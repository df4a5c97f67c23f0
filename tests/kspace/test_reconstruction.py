import pytest
import torch

from cmr_ssl.kspace import Acquisition, TemporalSparsity, VistaLike
from cmr_ssl.kspace.chance import draw_planes
from cmr_ssl.kspace.reconstruction import objective
from tests.tiny import affines

PLANES = affines(2)[0]


def beating(frames=12, size=32):
    """Return discs that beat, (P, T, H, W)."""
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    away = torch.hypot(rows - size / 2, columns - size / 2)
    radius = size / 4 * (1 - 0.3 * torch.sin(torch.pi * torch.arange(frames) / frames) ** 2)
    return (0.2 + 0.7 * torch.sigmoid(radius[:, None, None] - away)).expand(len(PLANES), -1, -1, -1)


def acquired(acceleration, **how):
    acquisition = Acquisition(VistaLike(acceleration), **how)
    return acquisition.acquire(beating(), PLANES, draw_planes(len(PLANES), [0])[0])


@pytest.mark.parametrize("coils", [1, 4])
def test_it_is_nearer_to_the_truth_than_zero_filling(coils):
    lines = acquired(4, coils=coils, snr=50.0)
    ours, theirs = ((images - beating()).square().mean() for images in (TemporalSparsity()(lines), lines.zero_filled()))
    assert ours < 0.3 * theirs


def test_all_lines_without_noise_give_the_image_back():
    images = TemporalSparsity(threshold=1e-6)(acquired(1, snr=None))
    torch.testing.assert_close(images, beating(), atol=1e-3, rtol=0)


def test_more_iterations_come_nearer_to_the_minimum():
    lines = acquired(4, phase_radians=0.0, snr=None)  # real and positive, so that magnitudes are the images
    weight = 0.003 * TemporalSparsity().largest(lines.encoding.adjoint(lines.measured))
    coil = lines.encoding.sensitivities[:, :, 0].conj()  # one coil turns the phase
    values = [objective(coil * TemporalSparsity(iterations)(lines), lines, weight).sum() for iterations in (1, 10, 60)]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("wrong", [{"iterations": 0}, {"threshold": 0.0}])
def test_numbers_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="iterations must be 1 or more and threshold above 0"):
        TemporalSparsity(**wrong)
