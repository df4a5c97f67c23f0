import torch

from cmr_ssl.kspace import ViewSharing
from tests.kspace.tiny_lines import lines_of
from tests.tiny import tiny_batch


def test_it_gives_what_a_decoder_of_lines_begins_with_and_the_images_back_where_no_line_is_missing():
    batch = tiny_batch()
    lines = lines_of(batch, acceleration=4, coils=2)
    index = lines.hidden[..., None].expand(-1, -1, lines.shared().shape[-1])
    begins = lines.images(lines.hidden, lines.shared().gather(1, index))
    torch.testing.assert_close(lines.planes(ViewSharing()(lines.acquired)), begins, atol=1e-5, rtol=0)
    whole = lines_of(batch, acceleration=1, snr=None)
    torch.testing.assert_close(whole.planes(ViewSharing()(whole.acquired)), batch.images, atol=1e-5, rtol=0)
