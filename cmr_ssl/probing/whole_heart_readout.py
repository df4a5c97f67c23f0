"""The readout that asks the decoder: the same places of every heart, whichever planes were acquired."""

import torch
from torch import Tensor

from cmr_ssl.models.landmarks import Landmarks
from cmr_ssl.probing.encoded_batch import EncodedBatch
from cmr_ssl.probing.readouts import Readout
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.whole_heart import decode_fixed_planes


class WholeHeart(Readout):
    """Average around landmarks what the decoder says about fixed planes; what was not acquired it completes."""

    def __init__(self, task: PretrainingTask, landmarks: Landmarks) -> None:
        """Choose whom to ask.

        Args:
            task: of which `tells_whole_heart` is true; its encoder is the one that studies are shown to.
            landmarks: where to average.
        """
        self.task, self.landmarks = task, landmarks

    def features(self, shown: EncodedBatch) -> Tensor:
        """Return averages of the decoder's features around the landmarks, (B, landmarks * width)."""
        hearts = []
        for decoded in decode_fixed_planes(self.task, shown.encoded, shown.batch):
            everywhere = torch.ones(decoded.features.shape[:2], dtype=torch.bool, device=decoded.features.device)
            hearts.append(self.landmarks(decoded.features, everywhere, decoded.where))
        return torch.cat(hearts)
