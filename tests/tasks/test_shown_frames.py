from functools import partial

import pytest
import torch

from cmr_ssl.models.beat import BeatFromFrame
from cmr_ssl.tasks.shown_frames import near_the_heart, shown_frames
from tests.tiny import tiny_batch, tiny_task


def test_the_image_branch_looks_at_planes_that_exist():
    task, batch = tiny_task(beat=partial(BeatFromFrame, channels=4, planes=3)), tiny_batch()
    batch.present[:, 2:] = False
    shown = shown_frames(task.beat, batch, [0, 1])
    assert shown.exist.tolist() == [True, True, False] * 2
    assert shown.frames.max() < batch.images.shape[2]


def test_pixels_of_the_image_branch_weigh_by_their_place_in_the_heart():
    task, batch = tiny_task(beat=partial(BeatFromFrame, channels=4, planes=2)), tiny_batch()
    shown = shown_frames(task.beat, batch, [0, 1])
    place = (shown.affine[1] @ torch.tensor([5.0, 9.0, 0.0, 1.0]))[:3]  # column 5, row 9
    assert near_the_heart(shown, 40.0)[1, 9, 5].item() == pytest.approx(
        torch.exp(-place.square().sum() / 3200).item(), rel=1e-4
    )
