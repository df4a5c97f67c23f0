import numpy as np
import pytest
import torch

from cmr_ssl.masking import PlaneDropout, RandomMasking
from cmr_ssl.metrics import visible_planes
from cmr_ssl.models.tokens import unpatchify
from cmr_ssl.report.reconstruction_figures import compared_planes
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
    grid = result.hidden.grid
    seen = torch.zeros(1, grid.tokens, 256).scatter(1, result.masked.visible[..., None].expand(-1, -1, 256), 1.0)
    seen = unpatchify(seen, grid, PATCH)[0].bool().numpy()
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
