import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from cmr_ssl.callbacks import Reconstructions
from cmr_ssl.masking import PlaneDropout, RandomMasking
from cmr_ssl.metrics import visible_planes
from cmr_ssl.models.tokens import unpatchify
from cmr_ssl.report.montage import plane_titles
from cmr_ssl.report.reconstruction_figures import compared_planes
from tests.caches import FRAMES
from tests.runs import SMOKE, run
from tests.tiny import PATCH, tiny_batch, tiny_task


def compared(absent=(), **options):
    """Return a compared subject, its batch and its reconstruction."""
    task, batch = tiny_task(masking=[RandomMasking(), PlaneDropout(1.0)], **options), tiny_batch(1)
    batch.present[:, list(absent)] = False
    with torch.no_grad():
        result = task.reconstruct(batch, [5])
        return compared_planes(batch, result, task), batch, result


@pytest.mark.parametrize("normalise", [False, True])
def test_visible_patches_stand_as_acquired_and_hidden_ones_as_predicted(normalise):
    shown, batch, result = compared(normalise=normalise)
    seen = torch.zeros(1, result.hidden.grid.tokens, 256).scatter(
        1, result.masked.visible[..., None].expand(-1, -1, 256), 1.0
    )
    seen = unpatchify(seen, result.hidden.grid, PATCH)[0].bool().numpy()
    original = batch.images[0].numpy()
    assert 0 < seen.mean() < 1
    np.testing.assert_array_equal(shown.original, original)
    np.testing.assert_array_equal(shown.visible[seen], original[seen])
    assert np.isnan(shown.visible[~seen]).all()
    np.testing.assert_array_equal(shown.reconstruction[seen], original[seen])
    assert np.isfinite(shown.reconstruction).all()
    assert (shown.reconstruction[~seen] != original[~seen]).mean() > 0.9


def test_dropped_planes_are_marked_and_absent_ones_left_out():
    shown, batch, result = compared(absent=(1,))
    dropped = ~visible_planes(result.masked.visible, result.hidden.grid)[0][batch.present[0]]
    assert len(shown.original) == len(shown.titles) == 6
    assert shown.dropped == dropped.tolist()
    assert 0 < sum(shown.dropped) < 6
    assert [title.endswith(" dropped") for title in shown.titles] == shown.dropped


def test_the_error_is_zero_where_patches_are_visible():
    shown, _, _ = compared()
    picture = np.asarray(shown.picture(0))
    assert picture.shape[0] > 3 * 96
    perfect = shown._replace(reconstruction=shown.original, dropped=[False] * 7)
    assert np.asarray(perfect.picture(0))[-60:-40, 120:140].max() == 0


def test_planes_are_named_by_view_and_numbered_where_there_are_several():
    assert plane_titles([1, 3, 0, 0]) == ["la_2ch", "la_4ch", "sa 1", "sa 2"]


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


def test_validating_a_checkpoint_draws_the_same_picture(cache, finished_run, tmp_path):
    folder = shutil.copytree(finished_run, tmp_path / "run")
    still = folder / "figures" / "reconstruction_900000082.png"
    before = still.read_bytes()
    still.unlink()
    assert run(cache, folder, "--ckpt_path", "last", command="validate", config=SMOKE) == 0
    assert still.read_bytes() == before


@pytest.mark.parametrize("options", [{"subjects": 0}, {"every_n_epochs": 0}])
def test_drawing_nothing_is_refused(options):
    with pytest.raises(ValueError, match="must be at least 1"):
        Reconstructions(**options)
