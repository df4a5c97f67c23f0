"""Whole planes away: the representation must survive planes that nobody acquired."""

from torch import Tensor

from cmr_ssl.masking.base import Masking, check_rate, hide_planes


class PlaneDropout(Masking):
    """Drop each plane with probability `rate`; the encoder never sees it, the decoder must still reconstruct it.

    Enough planes always stay to fill the budget of visible tokens, at least one; those kept are chosen at random.
    """

    ranks_tokens = False

    def __init__(self, rate: float = 0.3) -> None:
        """Set the probability.

        Raises:
            ValueError: if `rate` is outside 0 to 1.
        """
        self.rate = check_rate("plane dropout", rate)

    def scores(self, noise: Tensor, present: Tensor, affine: Tensor, needed_planes: int) -> Tensor:
        """Drop the planes whose u < rate, u ~ U(0, 1) for each plane; (B, P, 1, 1, 1)."""
        return hide_planes(noise[:, :, 0, 0, 0] < self.rate, noise, present, needed_planes)
