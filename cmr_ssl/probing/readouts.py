"""Readouts: what a linear head is given of a study, from a frozen encoder or, as a control, from none."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from cmr_ssl.models.landmarks import Landmarks
from cmr_ssl.models.tokens import Patch, tokenise
from cmr_ssl.probing.encoded_batch import EncodedBatch


class Readout(ABC):
    """One way to make a vector of a study; nothing in it learns."""

    @abstractmethod
    def features(self, shown: EncodedBatch) -> Tensor:
        """Return one vector a study, (B, F) float32."""


class RawPixels(Readout):
    """Average the pixels of patches around landmarks: no network. What a representation must be better than."""

    def __init__(self, landmarks: Landmarks, patch: Patch = (8, 8, 8)) -> None:
        """Choose the patch, frames by rows by columns, and where to average."""
        self.landmarks, self.patch = landmarks, patch

    def features(self, shown: EncodedBatch) -> Tensor:
        """Return averages of raw patches around the landmarks, (B, landmarks * pixels)."""
        batch = shown.batch
        tokens = tokenise(batch.images, batch.affine, batch.present, self.patch)
        return self.landmarks(tokens.patches, tokens.exists, tokens.where)


class Tokens(Readout):
    """Average the encoder's tokens around landmarks."""

    def __init__(self, landmarks: Landmarks) -> None:
        """Say where to average."""
        self.landmarks = landmarks

    def features(self, shown: EncodedBatch) -> Tensor:
        """Return averages of tokens around the landmarks, (B, landmarks * D)."""
        encoded = shown.encoded
        return self.landmarks(encoded.tokens, encoded.exists, encoded.where)


class AsShipped(Readout):
    """Average tokens and patch embeddings around landmarks, as `models.LandmarkPooling` does."""

    def __init__(self, landmarks: Landmarks) -> None:
        """Say where to average."""
        self.landmarks = landmarks

    def features(self, shown: EncodedBatch) -> Tensor:
        """Return averages of tokens and embedded patches around the landmarks, (B, landmarks * 2 D)."""
        encoded = shown.encoded
        both = torch.cat([encoded.tokens, encoded.patches], dim=-1)
        return self.landmarks(both, encoded.exists, encoded.where)


class ClassToken(Readout):
    """Take the class token."""

    def features(self, shown: EncodedBatch) -> Tensor:
        """Return the class token, (B, D)."""
        return shown.encoded.class_token.float()


class Joined(Readout):
    """Put several readouts side by side."""

    def __init__(self, parts: Sequence[Readout]) -> None:
        """Keep them."""
        self.parts = parts

    def features(self, shown: EncodedBatch) -> Tensor:
        """Return the features of all readouts, concatenated, (B, F)."""
        return torch.cat([part.features(shown) for part in self.parts], dim=1)
