import torch

from cmr_ssl.corruption import MotionBlur
from tests.corruption.flaws import blob, hit, middle, tiny_batch


def test_a_blob_becomes_longer_along_the_line_and_stays_where_it_is():
    batch = blob(tiny_batch(), at=(7.5, 7.5))
    before, after = batch.images[:, 2], hit(MotionBlur(least_mm=16, most_mm=16), batch, [2], (0.5, 0.0, 0.0))[:, 2]
    torch.testing.assert_close(middle(after), middle(before), atol=0.02, rtol=0)
    wide, high = (after.amax(dim=axis).sum(dim=-1) / before.amax(dim=axis).sum(dim=-1) for axis in (-2, -1))
    assert (wide > 1.05 * high).all()
    assert (after.amax(dim=(-1, -2)) < 0.95 * before.amax(dim=(-1, -2))).all()


def test_what_is_the_same_everywhere_stays_the_same():
    batch = tiny_batch()
    even = batch._replace(images=torch.full_like(batch.images, 0.4))
    torch.testing.assert_close(hit(MotionBlur(), even, range(7)), even.images)
