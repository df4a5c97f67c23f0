import numpy as np
import pytest
import torch

from cmr_ssl.kspace import KtInterleaved, UniformLines, VariableDensity, VistaLike

PATTERNS = (KtInterleaved, UniformLines, VariableDensity, VistaLike)
every_pattern = pytest.mark.parametrize("pattern", PATTERNS)
DRAWS = torch.rand(200, generator=torch.Generator().manual_seed(3))


@every_pattern
@pytest.mark.parametrize("acceleration", [1, 2, 3, 4, 8, 16, 48])
@pytest.mark.parametrize("share", [1.0, 0.75])
def test_every_frame_acquires_as_many_lines_as_the_acceleration_says(pattern, acceleration, share):
    sampling = pattern(acceleration, partial_fourier=share)
    if acceleration * share < 1:
        return
    mask = sampling.mask(DRAWS, 16, 48)
    assert (mask.sum(dim=-1) == round(48 / acceleration)).all()
    assert sampling.counted(48) == 48 / round(48 / acceleration)
    assert not mask[..., : 48 - sampling.allowed(48)].any()


@every_pattern
def test_central_lines_are_always_acquired_and_no_other_line_always(pattern):
    often = pattern(4, centre=6).mask(DRAWS, 12, 48).float().mean(dim=(0, 1))
    assert (often[21:27] == 1).all()
    assert (often[:18] < 1).all()
    assert (often > 0).all()
    few = pattern(16, centre=6).mask(DRAWS, 12, 48)  # three lines: the most central ones
    assert few[..., 23:26].all()


def test_the_published_pattern_draws_lines_as_often_as_its_density_says():
    often = VariableDensity(8, centre=4).mask(torch.rand(4000), 4, 128).float().mean(dim=(0, 1)).numpy()
    density = VariableDensity(8).density(128)
    assert density[64] == pytest.approx(1 + 1 / 16)
    assert density[0] == pytest.approx(np.exp(-((64 / 25.6) ** 2) / 2) + 1 / 16)
    outer = np.r_[0:62, 66:128]
    wanted = density[outer] * 12 / density[outer].sum()  # without replacement the frequent ones are a little rarer
    assert often[outer] == pytest.approx(wanted, abs=0.03)
    assert np.corrcoef(often[outer], wanted)[0, 1] > 0.99


@pytest.mark.parametrize("pattern", [UniformLines, VistaLike])
def test_a_systematic_pattern_acquires_each_line_exactly_as_often_as_its_chance(pattern):
    sampling = pattern(4, centre=2)
    often = sampling.mask(torch.arange(2000) / 2000, 16, 48).double().mean(dim=(0, 1))
    assert sampling.chances(48).sum() == pytest.approx(12)
    assert often.numpy() == pytest.approx(sampling.chances(48), abs=0.02)


def test_interleaved_frames_together_acquire_every_line_and_even_gaps_are_even():
    mask = KtInterleaved(4, centre=0).mask(DRAWS, 4, 48)
    assert mask.any(dim=1).all()
    assert (mask[:, 1, 1:] == mask[:, 0, :-1]).all()  # one line on
    mask = UniformLines(4, centre=0).mask(DRAWS, 3, 48)
    assert (mask.nonzero()[:, -1].view(-1, 12).diff(dim=1) == 4).all()


@every_pattern
def test_lines_depend_on_the_plane_and_the_frame_only(pattern):
    sampling = pattern(6)
    mask = sampling.mask(DRAWS, 8, 48)
    assert torch.equal(sampling.mask(DRAWS[5:7], 8, 48), mask[5:7])
    assert not torch.equal(mask[0], mask[1])
    assert not torch.equal(mask[:, 0], mask[:, 1])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"acceleration": 0.5}, "1 .all lines. or more, got 0.5"),
        ({"acceleration": float("nan")}, "1 .all lines. or more, got nan"),
        ({"centre": -1}, "cannot be -1"),
        ({"partial_fourier": 0.5}, "above 0.5 and up to 1, got 0.5"),
        ({"acceleration": 64}, "an acceleration of 64 leaves less than one of 48 lines: give 48 at most"),
        ({"acceleration": 1.2, "partial_fourier": 0.75}, r"asks for 40 of 48 lines, .* 0\.75 leaves 36: give 1\.33"),
    ],
)
def test_numbers_that_make_no_sense_and_more_lines_than_there_are_are_refused(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        UniformLines(**wrong).lines(48)
