"""What becomes of a study: vectors that stand for the whole heart."""

from typing import NamedTuple

from torch import Tensor

from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.models.landmarks import Landmarks
from cmr_ssl.models.tokens import coordinates, grid_of


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
    """Encode every patch of the present planes and average; the arguments are those of `Encoder.encode_planes`."""
    return embedding_of(encoder, encoder.encode_planes(images, affine, present), images, affine, present)


def embedding_of(encoder: Encoder, encoded: Encoded, images: Tensor, affine: Tensor, present: Tensor) -> Embedding:
    """Return the embedding of what `Encoder.encode_planes` returned; the arguments are its own."""
    grid = grid_of(images, encoder.patch)
    where = coordinates(affine, grid, encoder.patch)
    around = Landmarks(beats=1).to(images.device)
    planes = encoded.tokens.float().unflatten(1, (grid.planes, -1)).mean(dim=2)
    return Embedding(
        landmarks=around(encoded.tokens, present.repeat_interleave(grid.per_plane, dim=1), where),
        class_token=encoded.class_token.float(),
        mean=(planes * present[..., None]).sum(dim=1) / present.sum(dim=1, keepdim=True).clamp(min=1),
        planes=planes,
    )
