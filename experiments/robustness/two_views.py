"""Does it pay to pull the embeddings of two depleted views of a study together? Pretraining with such a term."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from cmr_ssl.losses import subject_mean
from cmr_ssl.masking import Masking
from cmr_ssl.models import Decoder, Encoded, Encoder, Landmarks
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import subject_seeds
from cmr_ssl.tasks import Optimisation, PretrainingTask


class TwoViews(PretrainingTask):
    """Pretraining that sees each study twice, other planes and tokens hidden, and wants both to be embedded alike.

    With a weight of 0 it is what to compare with: it has the same views and steps, and nothing that pulls.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Callable[[Encoder], Decoder],
        masking: list[Masking],
        mask_ratio: float = 0.7,
        optimisation: Optimisation = Optimisation(),  # noqa: B008  (frozen, so a shared default is safe)
        seed: int = 0,
        weight: float = 0.0,
    ) -> None:
        """Put the parts together.

        Args:
            encoder: this and all but the last are those of `PretrainingTask`.
            decoder: see there.
            masking: see there.
            mask_ratio: see there.
            optimisation: see there.
            seed: see there.
            weight: of the distance between both embeddings, beside the error of the reconstruction.
        """
        super().__init__(encoder, decoder, masking, mask_ratio, optimisation=optimisation, seed=seed)
        self.weight = weight
        self.around = Landmarks(beats=1)

    def training_step(self, batch: Sample, batch_idx: int) -> Tensor:
        """Return the loss of one batch: the mean of both views, and how far apart their embeddings are."""
        views = [self.complete(batch, self.mask(batch, self.seeds_of(batch, view))) for view in range(2)]
        told = [subject_mean(self.losses(view), view.hidden.exists.any(dim=1)) for view in views]
        landmarks = apart(*(self.landmarks(view.encoded) for view in views))
        class_token = apart(*(view.encoded.class_token.float() for view in views))
        loss = torch.stack(told).mean() + self.weight * (landmarks + class_token) / 2
        self.log("train/loss", loss, batch_size=len(batch.subject), prog_bar=True)
        return loss

    def seeds_of(self, batch: Sample, view: int) -> list[int]:
        """Return the seeds of the masks of one view in this epoch."""
        return subject_seeds(batch.subject, self.seed, "mask", self.current_epoch, view)

    def landmarks(self, view: Encoded) -> Tensor:
        """Return the means of a view's tokens around landmarks, (B, landmarks * D)."""
        return self.around(view.tokens, view.exists, view.where)


def apart(one: Tensor, other: Tensor) -> Tensor:
    """Return how far embeddings (B, D) are apart, 0 to 2: one less their cosine, both from the mean of their batch.

    Without the mean, all studies could become one and the same vector.
    """
    return 1 - cosine_similarity(one - one.mean(dim=0), other - other.mean(dim=0), dim=1).mean()
