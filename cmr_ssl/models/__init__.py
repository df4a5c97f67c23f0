"""Networks: tensors in, tensors out; no Lightning, no files."""

from cmr_ssl.models.decoders import CrossAttentionDecoder, Decoder, SelfAttentionDecoder
from cmr_ssl.models.embedding import Embedding, embed_planes
from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.models.landmarks import Landmarks
from cmr_ssl.models.pooling import AttentionPooling, ClassTokenPooling, LandmarkPooling, MeanPooling, Pooling
from cmr_ssl.models.positions import AnatomicalPositions, GridPositions, Positions
from cmr_ssl.models.table_encoder import TableEncoder

__all__ = (
    "AnatomicalPositions",
    "AttentionPooling",
    "ClassTokenPooling",
    "CrossAttentionDecoder",
    "Decoder",
    "Embedding",
    "Encoded",
    "Encoder",
    "GridPositions",
    "LandmarkPooling",
    "Landmarks",
    "MeanPooling",
    "Pooling",
    "Positions",
    "SelfAttentionDecoder",
    "TableEncoder",
    "embed_planes",
)
