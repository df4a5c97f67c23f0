from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cmr_ssl.callbacks import Reconstructions
from tests.caches import FRAMES
from tests.tiny import tiny_task


def test_a_run_leaves_a_still_and_a_cine_of_each_subject(finished_run):
    still, cine = (finished_run / "figures" / f"reconstruction_900000082.{kind}" for kind in ("png", "gif"))
    with Image.open(cine) as moving, Image.open(still) as picture:
        assert moving.n_frames == FRAMES
        assert picture.height == 2 * moving.height
        assert np.asarray(picture).std() > 10


def test_tensorboard_shows_the_same_pictures(finished_run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(finished_run), size_guidance={"images": 0})
    events.Reload()
    tags = events.Tags()
    assert {"reconstruction/900000082", "reconstruction_cine/900000082"} <= set(tags["images"])
    still = (finished_run / "figures" / "reconstruction_900000082.png").read_bytes()
    assert events.Images("reconstruction/900000082")[-1].encoded_image_string == still
    assert {"train/loss", "val/psnr_hidden", "val/psnr_trivial", "val/loss"} <= set(tags["scalars"])


@pytest.mark.parametrize(
    ("epoch", "options", "due"),
    [
        (0, {}, False),
        (1, {}, True),
        (4, {}, True),
        (0, {"validating": True}, True),
        (1, {"sanity_checking": True}, False),
    ],
)
def test_pictures_are_drawn_when_due_and_after_the_last_epoch(epoch, options, due):
    trainer = SimpleNamespace(current_epoch=epoch, max_epochs=5, sanity_checking=False, validating=False)
    vars(trainer).update(options)
    asked = []
    callback = Reconstructions(every_n_epochs=2)
    callback.compare = lambda trainer, task: iter(asked.append(task) or ())
    callback.on_validation_epoch_end(trainer, tiny_task())
    assert bool(asked) == due


@pytest.mark.parametrize("options", [{"subjects": 0}, {"every_n_epochs": 0}])
def test_drawing_nothing_is_refused(options):
    with pytest.raises(ValueError, match="must be at least 1"):
        Reconstructions(**options)
