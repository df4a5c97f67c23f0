"""A stack that is too short: slices missing at the base or at the apex."""

from torch import Tensor

from cmr_ssl.masking.base import Masking, check_rate, hide_planes, subject_draws
from cmr_ssl.models.tokens import axis_height, is_short_axis


class StackEndDropout(Masking):
    """Drop a run of basal or of apical slices of a subject, with probability `rate`; both ends equally often.

    A run has at least one slice. Where the other planes cannot fill the budget of visible tokens, some of it stay.
    """

    ranks_tokens = False

    def __init__(self, rate: float = 0.2, longest: float = 0.5) -> None:
        """Set how often and how much.

        Args:
            rate: probability that a subject lacks one end.
            longest: of the runs, as a share of the subject's slices; lengths up to it are equally likely.

        Raises:
            ValueError: if one of them is outside 0 to 1.
        """
        self.rate, self.longest = check_rate("stack-end dropout", rate), check_rate("stack-end dropout", longest)

    def scores(self, noise: Tensor, present: Tensor, affine: Tensor, needed_planes: int) -> Tensor:
        """Drop a run of slices of subjects whose u < rate, u ~ U(0, 1) for each subject; (B, P, 1, 1, 1).

        Of S slices the run has max(1, ceil(v * longest * S)), v ~ U(0, 1), from the base or, as often, from the apex.
        """
        chosen, end, length = subject_draws(noise, 3).split(1, dim=1)
        stack = present & is_short_axis(affine)
        height = axis_height(affine)
        from_end = height.where(end < 0.5, -height).masked_fill(~stack, -float("inf"))
        rank = from_end.argsort(dim=1, descending=True).argsort(dim=1)
        run = (length * self.longest * stack.sum(dim=1, keepdim=True)).ceil().clamp(min=1)
        dropped = (chosen < self.rate) & (rank < run) & stack
        return hide_planes(dropped, noise, present, needed_planes)
