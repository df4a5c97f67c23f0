import pytest
import torch

from cmr_ssl.kspace import UniformLines, VariableDensity
from tests.kspace.test_acquisition import CHANCE, IMAGES, acquire, every_number_of_coils


def noise(shape):
    return torch.randn(shape, dtype=torch.complex128, generator=CHANCE)


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


def test_lines_that_are_not_acquired_are_zero_and_measured_ones_can_be_put_back_exactly():
    acquired = acquire(VariableDensity(4), coils=2)
    there = acquired.encoding.mask.expand_as(acquired.measured)
    assert (acquired.measured[~there] == 0).all()
    assert (acquired.measured[there] != 0).all()
    mended = acquired.encoding.with_measured(torch.randn_like(acquired.true), acquired.measured)
    assert torch.equal(mended[there], acquired.measured[there])
