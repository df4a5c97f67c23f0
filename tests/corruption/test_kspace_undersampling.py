import pytest
import torch

from cmr_ssl.corruption import KSpaceUndersampling, corrupt, draw_flaws
from cmr_ssl.kspace import Acquisition, UniformLines, VariableDensity
from tests.corruption.flaws import hit, tiny_batch


def undersampled(acceleration, **how):
    flaw = KSpaceUndersampling(1.0, Acquisition(VariableDensity(acceleration), **how))
    return corrupt([flaw], tiny_batch(), draw_flaws(1, 7, (1, 2)))


def test_all_lines_without_noise_change_nothing_and_fewer_are_further_from_the_truth():
    torch.testing.assert_close(undersampled(1, snr=None), tiny_batch().images, atol=1e-5, rtol=0)
    true = tiny_batch().images
    errors = [(undersampled(acceleration) - true).square().mean() for acceleration in (1, 2, 4, 8)]
    assert errors == sorted(errors)
    assert errors[0] < 0.1 * errors[1]


def test_many_coils_weaken_aliases():
    one, many = ((undersampled(2, coils=coils, snr=None) - tiny_batch().images).square().mean() for coils in (1, 8))
    assert many < one


def test_what_planes_cannot_give_is_refused():
    with pytest.raises(ValueError, match="an acceleration of 64 leaves less than one of 16 lines"):
        hit(KSpaceUndersampling(1.0, Acquisition(UniformLines(64))), tiny_batch(), [0])
