import io

import torch
from PIL import Image

from cmr_ssl.robustness.scenarios import NAMED, Scenario, drop_long_axis
from cmr_ssl.robustness.worst_and_median import draw_worst_and_median, mask_of, missing_planes
from tests.tiny import tiny_batch, tiny_task

LACK = Scenario(NAMED, "no long axis", 0, drop_long_axis)


def test_the_mask_shows_planes_that_are_left_and_asks_for_those_that_are_missing():
    present = torch.tensor([[True, True, False, True]])
    left = torch.tensor([[True, False, False, False]])
    masked = mask_of(present, left, 2)
    assert masked.visible.tolist() == [[0, 1]]
    assert masked.hidden.tolist() == [[2, 3, 6, 7]]


@torch.inference_mode()
def test_a_picture_has_every_plane_at_two_frames():
    batch = tiny_batch(subjects=1)
    picture = Image.open(io.BytesIO(missing_planes(tiny_task(), batch, LACK)))
    assert picture.width > 7 * 96
    assert picture.height > 2 * 4 * 96


@torch.inference_mode()
def test_the_worst_and_the_median_subject_are_drawn(tmp_path):
    studies = {str(900000000 + index): iter([tiny_batch(subjects=1, seed=index)]) for index in range(3)}
    draw_worst_and_median(tmp_path, tiny_task(), LACK, torch.tensor([0.7, 0.2, 0.5]), studies)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["median_900000002.png", "worst_900000001.png"]
