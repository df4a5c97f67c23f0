import pytest
import torch

from cmr_ssl.commands.robustness import read_accelerations
from cmr_ssl.kspace import Acquisition, VariableDensity
from cmr_ssl.robustness.undersampling import FULL, LINES, RECONSTRUCTED, ZERO_FILLED, acquisition_of, ways
from tests.kspace.tiny_lines import line_task
from tests.tiny import tiny_batch, tiny_task


def test_models_of_images_are_shown_full_zero_filled_and_reconstructed_ones():
    batch, found = tiny_batch(), list(ways(tiny_task(), Acquisition(VariableDensity()), [1, 2], 0))
    assert [(way.name, way.acceleration) for way in found] == [
        (FULL, 1),
        *[(name, acceleration) for name in (ZERO_FILLED, RECONSTRUCTED) for acceleration in (1, 2)],
    ]
    shown = [way.scenario.apply(batch).images for way in found]
    assert torch.equal(shown[0], batch.images)
    errors = [float((images - batch.images).square().mean()) for images in shown]
    assert errors[1] < errors[2]
    assert all(torch.equal(way.scenario.apply(batch).images, images) for way, images in zip(found, shown, strict=True))


def test_models_of_lines_get_their_own_lines_at_every_acceleration_and_images_are_acquired_like_them():
    lines, batch = line_task(), tiny_batch()
    found = list(ways(lines, lines.acquisition, [2, 4], 0))
    assert [(way.name, way.acceleration) for way in found] == [(LINES, 1), (LINES, 2), (LINES, 4)]
    assert [way.task.acquire(batch).visible.shape[1] for way in found] == [7 * 8 * 16, 7 * 8 * 8, 7 * 8 * 4]
    assert all(way.scenario.apply(batch) is batch for way in found)
    assert acquisition_of([tiny_task(), lines]) is lines.acquisition


@pytest.mark.parametrize("text", ["", "fast", "0.5", "1,,2", "2,-1", "nan", "inf"])
def test_accelerations_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match=r"accelerations of 1 or more, as in 1,2,4,8,16, not "):
        read_accelerations(text)


def test_acceleration_is_told_once_as_it_is_counted_and_planes_that_cannot_be_acquired_are_refused():
    assert read_accelerations("1,2,2,4,1") == [1, 2, 4]
    full, five, thirty = list(ways(tiny_task(), Acquisition(VariableDensity()), [5, 30], 0))[:3]
    assert full.counted(48, 48) == 1
    assert five.counted(48, 48) == 4.8
    with pytest.raises(ValueError, match="leaves less than one of 16 lines"):
        thirty.counted(16, 16)
    with pytest.raises(ValueError, match="needs even numbers"):
        five.counted(47, 48)
