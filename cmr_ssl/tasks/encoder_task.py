"""What tasks with an encoder share: vectors that stand for a study, whatever planes it has."""

from typing import Any, NamedTuple

from torch import Tensor

from cmr_ssl.models import Encoded, Encoder
from cmr_ssl.models.embedding import Embedding, embedding_of
from cmr_ssl.models.tokens import Tokens
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.aligned import ALIGNED, aligned_fields
from cmr_ssl.tasks.base import Task


class Embedded(NamedTuple):
    """Vectors of B studies.

    Attributes:
        whole_heart: what the decoder says about fixed places of the heart, (B, F); None where no decoder can tell.
        encoder: vectors from the tokens of the encoder.
    """

    whole_heart: Tensor | None
    encoder: Embedding

    def by_name(self) -> dict[str, Tensor]:
        """Return the vectors of whole studies, (B, D) each, the most robust ones first."""
        decoded = {} if self.whole_heart is None else {"whole heart": self.whole_heart}
        vectors = self.encoder
        return decoded | {
            "landmarks": vectors.landmarks,
            "class token": vectors.class_token,
            "mean token": vectors.mean,
        }


class EncoderTask(Task):
    """Base of tasks that have an encoder, under the attribute `encoder`."""

    encoder: Encoder
    any_planes = True
    costly: tuple[str, ...] = ("encoder",)

    @property
    def can(self) -> tuple[str, ...]:
        """Beside what else it can: embed."""
        return ("embed", *super().can)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep which fields of a table the encoder was aligned with, so that nobody predicts them unaware."""
        super().on_save_checkpoint(checkpoint)
        if self.aligned:
            checkpoint[ALIGNED] = list(self.aligned)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Remember them."""
        self.aligned = aligned_fields(checkpoint)

    @property
    def depth(self) -> int:
        """Number of encoder blocks."""
        return len(self.encoder.blocks)

    def tokens(self, batch: Sample) -> Tokens:
        """Return all tokens of a batch whose images are intensities 0 to 1, (B, P, T, H, W)."""
        return self.encoder.tokenise(batch.images, batch.affine, batch.present)

    def encode(self, batch: Sample) -> Encoded:
        """Encode whole studies, a batch whose images are intensities 0 to 1, (B, P, T, H, W)."""
        return self.encoder(self.tokens(batch))

    def embed(self, batch: Sample) -> Embedded:
        """Return the vectors of a batch whose images are intensities 0 to 1, (B, P, T, H, W)."""
        return self.embedded(self.encode(batch), batch)

    def embedded(self, encoded: Encoded, batch: Sample) -> Embedded:
        """Return the vectors of a batch of which `encode` returned `encoded`."""
        return Embedded(self.whole_heart(encoded, batch), embedding_of(encoded))

    def whole_heart(self, encoded: Encoded, batch: Sample) -> Tensor | None:
        """Return what a decoder says about fixed places of each heart, (B, F); None where no decoder can tell."""
        return None
