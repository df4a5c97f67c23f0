import pytest
import torch

from cmr_ssl.kspace import Acquisition, UniformLines, VariableDensity
from cmr_ssl.kspace.chance import DRAWS
from tests.tiny import affines

PLANES = affines(3)[0]
CHANCE = torch.Generator().manual_seed(0)
IMAGES = torch.rand(len(PLANES), 6, 16, 16, generator=CHANCE)
DRAWN = torch.rand(len(PLANES), DRAWS, generator=CHANCE)
ALL = UniformLines(1)
every_number_of_coils = pytest.mark.parametrize("coils", [1, 4, 8])


def acquire(sampling=ALL, images=IMAGES, draws=DRAWN, **how):
    return Acquisition(sampling, **how).acquire(images, PLANES, draws)


@every_number_of_coils
def test_energy_is_kept_from_the_image_to_all_coils(coils):
    true = acquire(coils=coils).true
    energy = true.abs().square().sum(dim=(1, 2, 3, 4))
    torch.testing.assert_close(energy, IMAGES.square().sum(dim=(1, 2, 3)))


@every_number_of_coils
def test_all_lines_without_noise_give_the_image_back(coils):
    torch.testing.assert_close(acquire(coils=coils, snr=None).zero_filled(), IMAGES, atol=1e-5, rtol=0)


@every_number_of_coils
def test_noise_is_white_complex_and_as_strong_as_stated(coils):
    images = torch.rand(len(PLANES), 20, 64, 64, generator=CHANCE)
    acquired = acquire(images=images, coils=coils, snr=10.0)
    error = acquired.encoding.combined(acquired.measured - acquired.true)
    deviation = images.square().mean(dim=(1, 2, 3)).sqrt() / 10
    for part in (error.real, error.imag):
        torch.testing.assert_close(part.std(dim=(1, 2, 3)), deviation, rtol=0.02, atol=0)
    assert abs((error.real * error.imag).mean()) < 0.02 * deviation.square().mean()
    each = (acquired.measured - acquired.true)[0, :, :, 20:44].flatten(2)
    assert abs(torch.corrcoef(each[0].abs()) - torch.eye(coils)).max() < 0.1


def test_a_plane_depends_on_its_own_draws_only():
    sampling, how = VariableDensity(2), {"coils": 2}
    both, other = acquire(sampling, **how), acquire(sampling, draws=DRAWN.flip(0), **how)
    alone = Acquisition(sampling, **how).acquire(IMAGES[2:3], PLANES[2:3], DRAWN[2:3])
    torch.testing.assert_close(both.measured[2:3], alone.measured)
    assert not torch.equal(both.encoding.mask[0], other.encoding.mask[0])


def test_mixed_precision_changes_nothing():
    with torch.autocast("cpu", torch.bfloat16):
        mixed = acquire(VariableDensity(4), coils=2).measured
    assert torch.equal(mixed, acquire(VariableDensity(4), coils=2).measured)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"coils": 0}, "1 to 8 coils can be simulated, got 0"),
        ({"coils": 9}, "1 to 8 coils can be simulated, got 9"),
        ({"snr": 0.0}, r"snr must be above 0, or null for no noise, got 0\.0"),
        ({"phase_radians": -1.0}, r"phase_radians must not be negative, got -1\.0"),
        ({"images": torch.rand(len(PLANES), 2, 16, 15)}, "planes of 16 x 15 pixels: simulated k-space needs even"),
        ({"sampling": UniformLines(32)}, "an acceleration of 32 leaves less than one of 16 lines"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_one_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        acquire(**wrong)
