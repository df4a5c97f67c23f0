import pytest
import torch

from cmr_ssl.kspace import Acquisition, UniformLines, VariableDensity
from cmr_ssl.kspace.chance import DRAWS
from cmr_ssl.kspace.coils import sensitivities, smooth_phase
from cmr_ssl.kspace.fourier import to_image, to_kspace
from tests.tiny import affines

PLANES = affines(3)[0]
CHANCE = torch.Generator().manual_seed(0)
IMAGES = torch.rand(len(PLANES), 6, 16, 16, generator=CHANCE)
DRAWN = torch.rand(len(PLANES), DRAWS, generator=CHANCE)
ALL = UniformLines(1)
every_number_of_coils = pytest.mark.parametrize("coils", [1, 4, 8])


def acquire(sampling=ALL, images=IMAGES, draws=DRAWN, **how):
    return Acquisition(sampling, **how).acquire(images, PLANES, draws)


def noise(shape):
    return torch.randn(shape, dtype=torch.complex128, generator=CHANCE)


def test_the_transform_keeps_energy_has_its_inverse_and_its_origin_in_the_middle():
    images = noise((2, 6, 8))
    kspace = to_kspace(images)
    torch.testing.assert_close(kspace.abs().square().sum(), images.abs().square().sum())
    torch.testing.assert_close(to_image(kspace), images)
    flat = to_kspace(torch.ones(6, 8, dtype=torch.complex128))
    wanted = torch.zeros_like(flat)
    wanted[3, 4] = 48**0.5
    torch.testing.assert_close(flat, wanted)


@every_number_of_coils
@pytest.mark.parametrize("sampling", [VariableDensity(4), UniformLines(2, partial_fourier=0.75)])
def test_the_adjoint_is_exact(coils, sampling):
    encoding = acquire(sampling, coils=coils).encoding
    encoding = encoding._replace(sensitivities=encoding.sensitivities.to(torch.complex128))
    image, lines = noise(IMAGES.shape), noise((*IMAGES.shape[:2], coils, 16, 16))
    forth, back = (encoding.forward(image).conj() * lines).sum(), (image.conj() * encoding.adjoint(lines)).sum()
    assert abs(forth - back) / abs(forth) < 1e-6


@every_number_of_coils
def test_the_short_way_forth_and_back_is_the_same(coils):
    encoding = acquire(VariableDensity(2), coils=coils).encoding
    image = noise(IMAGES.shape).to(torch.complex64)
    torch.testing.assert_close(encoding.normal(image), encoding.adjoint(encoding.forward(image)), atol=1e-5, rtol=1e-4)


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


def test_lines_that_are_not_acquired_are_zero_and_measured_ones_can_be_put_back_exactly():
    acquired = acquire(VariableDensity(4), coils=2)
    there = acquired.encoding.mask.expand_as(acquired.measured)
    assert (acquired.measured[~there] == 0).all()
    assert (acquired.measured[there] != 0).all()
    mended = acquired.encoding.with_measured(torch.randn_like(acquired.true), acquired.measured)
    assert torch.equal(mended[there], acquired.measured[there])


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
