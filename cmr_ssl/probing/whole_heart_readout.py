"""The readout that asks the decoder: the same places of every heart, whichever planes were acquired."""

from torch import Tensor

from cmr_ssl.models.completion import Completion
from cmr_ssl.models.decoders import Decoder
from cmr_ssl.probing.encoded_batch import EncodedBatch
from cmr_ssl.probing.readouts import Readout


class WholeHeart(Readout):
    """Average around landmarks what the decoder says about fixed places; what was not acquired it completes."""

    def __init__(self, decoder: Decoder, completion: Completion) -> None:
        """Choose whom to ask: the decoder of the encoder that studies are shown to, with anatomical positions."""
        self.decoder, self.completion = decoder, completion

    def features(self, shown: EncodedBatch) -> Tensor:
        """Return averages of the decoder's features around the landmarks, (B, landmarks * width)."""
        averages: Tensor = self.completion(self.decoder, shown.encoded)
        return averages
