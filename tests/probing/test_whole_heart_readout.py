import torch

from cmr_ssl.models.completion import Completion
from cmr_ssl.probing import ClassToken, Joined, WholeHeart
from tests.probing.test_readouts import seen
from tests.tiny import tiny_batch, tiny_task


def test_the_whole_heart_is_what_the_decoder_says_and_readouts_can_be_joined():
    task, batch = tiny_task(), tiny_batch()
    whole = WholeHeart(task.decoder, Completion())
    told = seen(whole, batch, task.encoder)
    assert told.shape == (2, Completion().width(task.decoder))
    both = seen(Joined([ClassToken(), whole]), batch, task.encoder)
    torch.testing.assert_close(both[:, 32:], told)
    task.decoder.norm.weight.data.zero_()
    assert not torch.allclose(seen(whole, batch, task.encoder), told)
