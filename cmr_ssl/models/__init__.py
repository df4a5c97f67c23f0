"""Networks: tensors in, tensors out; no Lightning, no files."""

from cmr_ssl.models.decoders import CrossAttentionDecoder, Decoder, SelfAttentionDecoder
from cmr_ssl.models.encoder import Embedding, Encoded, Encoder
from cmr_ssl.models.positions import AnatomicalPositions, GridPositions, Positions

__all__ = (
    "AnatomicalPositions",
    "CrossAttentionDecoder",
    "Decoder",
    "Embedding",
    "Encoded",
    "Encoder",
    "GridPositions",
    "Positions",
    "SelfAttentionDecoder",
)
