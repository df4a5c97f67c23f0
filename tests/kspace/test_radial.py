import numpy as np
import pytest

from cmr_ssl.kspace.radial import Spokes

pytest.importorskip("finufft")
RNG = np.random.default_rng(0)


def noise(*shape):
    return RNG.standard_normal((*shape, 2)) @ np.array([1, 1j])


def disc(size=32, radius=7.0):
    rows, columns = np.mgrid[:size, :size] - size / 2
    return (1 / (1 + np.exp(np.hypot(rows - 2, columns) - radius))).astype(complex)[None]


def test_the_adjoint_is_the_adjoint():
    spokes = Spokes.golden(5, 9, 0.3, (32, 24))
    image, samples = noise(2, 32, 24), noise(2, 9 * 64)
    ours, theirs = np.vdot(spokes.forward(image), samples), np.vdot(image, spokes.adjoint(samples))
    assert abs(ours - theirs) < 1e-7 * abs(ours)


def test_enough_spokes_give_the_image_back_and_few_give_less_of_it():
    errors = []
    for count in (64, 16, 4):
        spokes = Spokes.golden(0, count, 0.1, (32, 32))
        errors.append(np.linalg.norm(spokes.gridded(spokes.forward(disc())) - disc()) / np.linalg.norm(disc()))
    assert errors == sorted(errors)
    assert errors[0] < 0.05
