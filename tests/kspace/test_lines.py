import pytest
import torch

from cmr_ssl.kspace.lines import from_lines, line_coordinates, share, to_lines
from cmr_ssl.models.tokens import Grid
from tests.caches import FRAMES, SIZE, SPACING_MM
from tests.kspace.tiny_lines import lines_of
from tests.tiny import affines, tiny_batch

CHANCE = torch.Generator().manual_seed(0)


@pytest.mark.parametrize("coils", [1, 3])
def test_lines_are_kspace_in_another_form(coils):
    kspace = torch.randn(2, 3, coils, 8, 6, dtype=torch.complex64, generator=CHANCE)
    lines = to_lines(kspace)
    assert lines.shape == (2, 3, 8, 2 * coils * 6)
    torch.testing.assert_close(from_lines(lines, coils), kspace)
    other = kspace.clone()
    other[:, :, :, 5] = 0
    assert ((to_lines(other) != lines).any(dim=-1).nonzero()[:, 2] == 5).all()


def test_every_line_is_visible_or_hidden_and_as_many_as_the_acceleration_says_are_visible():
    lines = lines_of(acceleration=4)
    both = torch.cat([lines.visible, lines.hidden], dim=1).sort(dim=1).values
    assert torch.equal(both, torch.arange(lines.grid.tokens).expand_as(both))
    assert lines.visible.shape[1] == lines.grid.tokens / 4
    there = lines.acquired.encoding.mask.reshape(len(both), -1)
    assert there.gather(1, lines.visible).all()
    assert not there.gather(1, lines.hidden).any()


def test_visible_lines_are_those_that_the_scanner_measured_and_count_whatever_was_predicted_of_them():
    lines = lines_of(acceleration=2, coils=2)
    everything = to_lines(lines.acquired.measured).reshape(len(lines.visible), -1, 4 * SIZE)
    for study, ids, seen in zip(everything, lines.visible, lines.seen().patches, strict=True):
        assert torch.equal(seen, study[ids])
    assert (lines.measured().gather(1, lines.hidden[..., None].expand(-1, -1, 4 * SIZE)) == 0.5).all()
    wrong = torch.rand(*lines.visible.shape, 4 * SIZE)
    assert torch.equal(lines.images(lines.visible, wrong), lines.images(lines.visible[:, :1], wrong[:, :1]))


def test_true_hidden_lines_give_the_images_back():
    batch = tiny_batch()
    lines = lines_of(batch, coils=2, snr=None)
    hidden = lines.true().gather(1, lines.hidden[..., None].expand(-1, -1, 4 * SIZE))
    torch.testing.assert_close(lines.images(lines.hidden, hidden), batch.images, atol=1e-4, rtol=0)
    nothing = torch.full_like(hidden, 0.5)
    torch.testing.assert_close(lines.images(lines.hidden, nothing), lines.zero_filled(), atol=1e-5, rtol=0)


def test_what_never_changes_is_shared_exactly_and_only_measured_lines_are():
    batch = tiny_batch()
    still = batch._replace(images=batch.images[:, :, :1].expand_as(batch.images).clone())
    lines = lines_of(still, snr=None)
    there = lines.acquired.encoding.mask.reshape(-1, FRAMES, SIZE)
    ever = there.any(dim=1, keepdim=True).expand_as(there).reshape(len(lines.exists), -1)
    torch.testing.assert_close(lines.shared()[ever], lines.true()[ever], atol=1e-4, rtol=1e-4)
    assert (lines.shared()[~ever] == 0.5).all()


def test_the_nearest_frames_share_most_also_around_the_beat():
    lines = torch.zeros(1, 8, 1, 1)
    lines[0, :, 0, 0] = torch.arange(8.0)
    mask = torch.zeros(1, 8, 1, dtype=torch.bool)
    mask[0, [1, 5]] = True
    shared = share(lines, mask)[0, :, 0, 0]
    assert shared[1] < 1.1
    assert shared[5] > 4.9
    assert shared[0] < 1.6  # next to frame 1, and three from frame 5 around the beat
    torch.testing.assert_close(shared[3], torch.tensor(3.0))
    torch.testing.assert_close(shared[7], torch.tensor(3.0))


def test_hidden_lines_of_frames_are_those_of_all_planes_at_these_frames():
    lines = lines_of(acceleration=4)
    ids = lines.of_frames(torch.tensor([[1, 5], [0, 2]]))
    frame = ids // lines.grid.rows % lines.grid.frames
    assert [sorted(set(row)) for row in frame.tolist()] == [[1, 5], [0, 2]]
    assert ids.shape[1] == lines.hidden.shape[1] * 2 // FRAMES
    assert all(set(some) <= set(every) for some, every in zip(ids.tolist(), lines.hidden.tolist(), strict=True))


def test_a_line_lies_at_the_row_of_its_number_and_says_its_k_y():
    affine = affines(2)
    where = line_coordinates(affine, Grid(5, 3, SIZE, 1), SIZE)
    plane, frame, row = 3, 2, 10
    index = (plane * 3 + frame) * SIZE + row
    middle = torch.tensor([(SIZE - 1) / 2, row, 0, 1.0])
    torch.testing.assert_close(where.centre[0, index], (affine[0, plane] @ middle)[:3])
    assert where.cell[0, index].tolist() == [0, frame, row - SIZE / 2, SIZE]
    torch.testing.assert_close(where.edges[0, index].norm(), torch.tensor(2**0.5 * SIZE * SPACING_MM))
    assert where.phase[0, index] == pytest.approx(2.5 / 3)
