"""The same patch at all times."""

from torch import Tensor

from cmr_ssl.masking.base import Masking


class TubeMasking(Masking):
    """Hide a patch over the whole beat or not at all, so that it cannot be copied from another frame.

    Where the budget is no multiple of a tube's tokens, one tube is split. Source: Tong et al., VideoMAE,
    arXiv 2203.12602.
    """

    def scores(self, noise: Tensor, present: Tensor, affine: Tensor, needed_planes: int) -> Tensor:
        """Score all frames of a patch by the noise of its first."""
        return noise[:, :, :1].expand_as(noise)
