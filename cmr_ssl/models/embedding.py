"""What becomes of a study: vectors that stand for the whole heart."""

from typing import NamedTuple

from torch import Tensor

from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.models.landmarks import Landmarks


class Embedding(NamedTuple):
    """Vectors of B studies.

    Attributes:
        landmarks: means of the tokens around fixed places of the heart, one after the other, (B, landmarks * D); of
            these it depends least on which planes there are.
        class_token: (B, D).
        mean: of the tokens of present planes, (B, D).
        planes: mean of each plane's tokens, (B, P, D); of absent planes it means nothing.
    """

    landmarks: Tensor
    class_token: Tensor
    mean: Tensor
    planes: Tensor


def embed_planes(encoder: Encoder, images: Tensor, affine: Tensor, present: Tensor) -> Embedding:
    """Encode every token of whole studies and average; the arguments are those of `tokens.tokenise`."""
    return embedding_of(encoder.encode_planes(images, affine, present))


def embedding_of(encoded: Encoded) -> Embedding:
    """Return the vectors of studies of which all tokens were encoded."""
    around = Landmarks(beats=1).to(encoded.tokens.device)
    by_plane = encoded.grid.planes, -1
    present = encoded.exists.unflatten(1, by_plane)[..., 0]  # (B, P)
    planes = encoded.tokens.float().unflatten(1, by_plane).mean(dim=2)  # (B, P, D)
    return Embedding(
        landmarks=around(encoded.tokens, encoded.exists, encoded.where),
        class_token=encoded.class_token.float(),
        mean=(planes * present[..., None]).sum(dim=1) / present.sum(dim=1, keepdim=True).clamp(min=1),
        planes=planes,
    )
