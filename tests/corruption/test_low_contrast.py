import torch

from cmr_ssl.corruption import LowContrast
from tests.corruption.flaws import hit, tiny_batch


def test_the_mean_stays_and_the_deviation_shrinks():
    batch = tiny_batch()
    before, after = batch.images[:, 4], hit(LowContrast(least=0.2, most=0.4), batch, [4])[:, 4]
    torch.testing.assert_close(after.mean(dim=(1, 2, 3)), before.mean(dim=(1, 2, 3)))
    torch.testing.assert_close(after.std(dim=(1, 2, 3)), 0.3 * before.std(dim=(1, 2, 3)))
