import pytest
import torch

from cmr_ssl.device_resampling import resample

IMAGES = torch.arange(2 * 5 * 6.0).reshape(1, 1, 2, 5, 6)


def moved(columns, rows):
    move = torch.eye(3).expand(1, 1, 3, 3).clone()
    move[..., 0, 2], move[..., 1, 2] = columns, rows
    return move


def test_every_pixel_reads_where_it_is_sent_to_and_beyond_the_edge_nothing_or_the_edge():
    torch.testing.assert_close(resample(IMAGES, moved(0, 0)), IMAGES)
    read = resample(IMAGES, moved(2, -1))
    torch.testing.assert_close(read[..., 1:, :4], IMAGES[..., :4, 2:])
    assert (read[..., 0, :] == 0).all()
    half = resample(IMAGES, moved(0.5, 0))[..., :5]
    torch.testing.assert_close(half, (IMAGES[..., 1:] + IMAGES[..., :-1]) / 2)
    assert (resample(IMAGES, moved(9, 0)) == 0).all()
    torch.testing.assert_close(resample(IMAGES, moved(9, 0), "border"), IMAGES[..., -1:].expand_as(IMAGES))


@pytest.mark.parametrize("move", [moved(0, 0), moved(0.4, -1.3)])
def test_a_margin_adds_what_lies_beyond_the_edges_and_changes_nothing_within(move):
    wide = resample(IMAGES, move, margin=2)
    assert wide.shape == (1, 1, 2, 9, 10)
    torch.testing.assert_close(wide[..., 2:-2, 2:-2], resample(IMAGES, move))
    lower = move.clone()
    lower[..., 1, 2] += 2
    torch.testing.assert_close(wide[..., 4:, 2:-2], resample(IMAGES, lower))
