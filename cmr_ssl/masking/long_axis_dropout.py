"""No long axis at all: some studies have a short-axis stack and nothing else."""

from torch import Tensor

from cmr_ssl.masking.base import Masking, check_rate, hide_planes, subject_draws
from cmr_ssl.models.tokens import is_short_axis


class LongAxisDropout(Masking):
    """Drop all long-axis planes of a subject together, with probability `rate`.

    Where the short axis alone cannot fill the budget of visible tokens, some long-axis planes stay.
    """

    ranks_tokens = False

    def __init__(self, rate: float = 0.1) -> None:
        """Set the probability.

        Raises:
            ValueError: if `rate` is outside 0 to 1.
        """
        self.rate = check_rate("long-axis dropout", rate)

    def scores(self, noise: Tensor, present: Tensor, affine: Tensor, needed_planes: int) -> Tensor:
        """Drop the long-axis planes of subjects whose u < rate, u ~ U(0, 1) for each subject; (B, P, 1, 1, 1)."""
        chosen = subject_draws(noise, 1) < self.rate
        return hide_planes(chosen & ~is_short_axis(affine), noise, present, needed_planes)
