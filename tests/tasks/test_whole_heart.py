import pytest
import torch

from cmr_ssl.corruption.missing import drop_planes
from cmr_ssl.inference.decoding import encode_shown
from cmr_ssl.models import GridPositions
from cmr_ssl.models.tokens import coordinates, grid_of
from cmr_ssl.tasks.whole_heart import ACROSS_MM, CELLS, HEIGHTS_MM, SLABS, fixed_planes, has_whole_heart, whole_heart
from tests.tiny import FRAMES, tiny_batch, tiny_encoder, tiny_task


def told(task, batch):
    with torch.inference_mode():
        return whole_heart(task, task.encoder.encode_planes(batch.images, batch.affine, batch.present), batch)


def test_a_study_is_told_as_its_present_planes_alone_are():
    task, batch = tiny_task(), tiny_batch()
    gone = torch.zeros_like(batch.present)
    gone[:, [0, 4]] = True
    depleted = drop_planes(batch, gone)
    kept = [index for index in range(gone.shape[1]) if index not in (0, 4)]
    alone = batch._replace(
        **{name: getattr(batch, name)[:, kept] for name in ("images", "present", "view", "affine", "annotated")}
    )
    torch.testing.assert_close(told(task, depleted), told(task, alone), atol=1e-5, rtol=1e-4)
    assert (told(task, depleted) - told(task, batch)).abs().max() > 1e-4


def test_cells_are_means_of_what_the_decoder_says_about_fixed_planes():
    task, heart = tiny_task(), tiny_batch(subjects=1)
    patch = task.encoder.patch
    affine, asked = fixed_planes(heart.affine[0], grid_of(heart.images, patch), patch)
    with torch.inference_mode():
        seen = encode_shown(task, heart, heart.present[0])
        patches = task.decoder(seen.encoded, coordinates(affine[None], asked, patch))
        brightness = patches.mean(-1).view(SLABS, -1, asked.frames, asked.rows, asked.columns).mean(1)
    cells = told(task, heart).view(SLABS, asked.frames, CELLS, CELLS)
    torch.testing.assert_close(cells.mean((-2, -1)), brightness.mean((-2, -1)), atol=1e-4, rtol=1e-3)


def test_planes_asked_for_lie_around_the_long_axis_at_their_heights():
    batch, patch = tiny_batch(subjects=1), (2, 4, 2)
    affine, asked = fixed_planes(batch.affine[0], grid_of(batch.images, patch), patch)
    pixel = float(batch.affine[0, 0, :3, 0].norm())
    assert asked.frames == FRAMES // 2
    for count, step in ((asked.rows, 4), (asked.columns, 2)):
        assert abs(count * step * pixel - ACROSS_MM) <= step * pixel / 2 or count == CELLS
    middle = torch.tensor([(asked.columns * 2 - 1) / 2, (asked.rows * 4 - 1) / 2, 0.0, 1.0])
    torch.testing.assert_close((affine @ middle)[:, :3], torch.stack([0 * HEIGHTS_MM, 0 * HEIGHTS_MM, HEIGHTS_MM], 1))


@pytest.mark.parametrize(
    ("task", "can"),
    [
        (lambda: tiny_task(), True),
        (lambda: tiny_task(normalise=True), False),
        (lambda: tiny_task(encoder=tiny_encoder(positions=GridPositions())), False),
    ],
    ids=["usual", "normalised", "grid"],
)
def test_only_a_decoder_that_knows_brightness_anywhere_can_tell(task, can):
    assert has_whole_heart(task()) == can
    assert (task().embed(tiny_batch()).whole_heart is not None) == can
