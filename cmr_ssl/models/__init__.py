"""Networks: tensors in, tensors out; no Lightning, no files."""

from cmr_ssl.models.decoders import CrossAttentionDecoder, Decoder, SelfAttentionDecoder
from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.models.positions import AnatomicalPositions, GridPositions, Positions

__all__ = (
    "AnatomicalPositions",
    "CrossAttentionDecoder",
    "Decoder",
    "Encoded",
    "Encoder",
    "GridPositions",
    "Positions",
    "SelfAttentionDecoder",
)
