"""Masking rules, composable: each scores tokens, the lowest sums stay visible."""

from cmr_ssl.masking.base import Masked, Masking, draw_noise, mask, needed_planes, visible_tokens
from cmr_ssl.masking.plane_dropout import PlaneDropout
from cmr_ssl.masking.random import RandomMasking
from cmr_ssl.masking.tube import TubeMasking

__all__ = (
    "Masked",
    "Masking",
    "PlaneDropout",
    "RandomMasking",
    "TubeMasking",
    "draw_noise",
    "mask",
    "needed_planes",
    "visible_tokens",
)
