"""A batch as a frozen encoder is shown it; encoded once, however many readouts ask."""

from functools import cached_property

from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.sample import Sample


class EncodedBatch:
    """A batch of whole studies, and what an encoder says of it once somebody asks."""

    def __init__(self, encoder: Encoder, batch: Sample) -> None:
        """Keep both.

        Args:
            encoder: in evaluation mode.
            batch: images as intensities 0 to 1, (B, P, T, H, W).
        """
        self.encoder, self.batch = encoder, batch

    @cached_property
    def encoded(self) -> Encoded:
        """What the encoder says about all N tokens; those of absent planes mean nothing."""
        return self.encoder.encode_planes(self.batch.images, self.batch.affine, self.batch.present)

    @property
    def is_encoded(self) -> bool:
        """Whether somebody asked what the encoder says."""
        return "encoded" in vars(self)
