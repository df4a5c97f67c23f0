import pytest
import torch

from tests.kspace.tiny_lines import line_encoder, lines_of
from tests.tiny import tiny_batch


def encoded(batch, **how):
    return line_encoder(**how).encode_lines(lines_of(batch, **how))


def test_hidden_lines_do_not_leak_into_the_encoder():
    """Change the image only where nothing was acquired: what the encoder says must stay the same, bit for bit."""
    batch = tiny_batch()
    lines = lines_of(batch, snr=None)
    torch.manual_seed(1)
    other = lines.acquired.encoding.with_measured(torch.randn_like(lines.acquired.true), lines.acquired.true)
    changed = lines._replace(acquired=lines.acquired._replace(true=other))
    assert not torch.equal(changed.true(), lines.true())
    encoder = line_encoder()
    assert all(map(torch.equal, encoder.encode_lines(changed)[:3], encoder.encode_lines(lines)[:3]))
    through_the_scanner = (other * lines.acquired.encoding.mask) == lines.acquired.measured
    assert through_the_scanner.all()


def test_tokens_are_fewer_the_faster_the_acquisition():
    counts = [encoded(tiny_batch(), acceleration=acceleration).tokens.shape[1] for acceleration in (1, 2, 4)]
    assert counts[0] == 2 * counts[1] == 4 * counts[2]


def test_absent_planes_change_nothing():
    batch = tiny_batch(slices=4)
    batch.present[:, [1, 5]] = False
    other = batch._replace(images=batch.images.clone())
    other.images[:, [1, 5]] = torch.rand_like(other.images[:, [1, 5]])
    first, second = encoded(batch), encoded(other)
    there = first.exists
    torch.testing.assert_close(first.class_token, second.class_token)
    torch.testing.assert_close(first.tokens[there], second.tokens[there])


def test_images_are_refused_in_one_sentence():
    batch = tiny_batch()
    with pytest.raises(ValueError, match="reads lines of k-space, not images: use it in LinePretrainingTask"):
        line_encoder().encode_planes(batch.images, batch.affine, batch.present)
