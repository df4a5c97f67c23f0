import torch

from cmr_ssl.kspace.fourier import to_image, to_kspace
from tests.kspace.test_operator import noise


def test_the_transform_keeps_energy_has_its_inverse_and_its_origin_in_the_middle():
    images = noise((2, 6, 8))
    kspace = to_kspace(images)
    torch.testing.assert_close(kspace.abs().square().sum(), images.abs().square().sum())
    torch.testing.assert_close(to_image(kspace), images)
    flat = to_kspace(torch.ones(6, 8, dtype=torch.complex128))
    wanted = torch.zeros_like(flat)
    wanted[3, 4] = 48**0.5
    torch.testing.assert_close(flat, wanted)
