"""Every token for itself."""

from torch import Tensor

from cmr_ssl.masking.base import Masking


class RandomMasking(Masking):
    """Hide tokens independently of each other, as published; a token is visible with probability 1 - mask_ratio."""

    def scores(self, noise: Tensor, present: Tensor, affine: Tensor, needed_planes: int) -> Tensor:
        """Score each token by its own noise."""
        return noise
