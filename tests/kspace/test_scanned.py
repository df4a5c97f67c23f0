import torch

from cmr_ssl.kspace.fourier import to_kspace
from cmr_ssl.kspace.scanned import coils_of


def test_coils_are_told_from_the_lines_and_their_squares_add_up_to_one():
    y, x = torch.meshgrid(torch.linspace(-1, 1, 32), torch.linspace(-1, 1, 32), indexing="ij")
    seen = torch.stack([torch.exp(-(x**2)) + 0j, torch.exp(-((x - 0.5) ** 2)) * torch.exp(0.3j * y)])
    true = seen / seen.abs().square().sum(dim=0).sqrt()
    image = 1 - 0.5 * x**2 - 0.3 * y**2
    kspace = to_kspace((true * image)[None, None]).expand(1, 3, -1, -1, -1)
    coils = coils_of(kspace, torch.ones(1, 3, 1, 32, 1, dtype=torch.bool))
    assert coils.shape == (1, 1, 2, 32, 32)
    torch.testing.assert_close(coils.abs().square().sum(dim=2), torch.ones(1, 1, 32, 32), atol=1e-4, rtol=0)
    ratio, expected = (one[0] / one[1] for one in (coils[0, 0], true))
    torch.testing.assert_close(ratio[8:-8, 8:-8], expected[8:-8, 8:-8], atol=0.05, rtol=0)
