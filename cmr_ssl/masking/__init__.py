"""Masking rules, composable: each scores tokens, the lowest sums stay visible."""

from cmr_ssl.masking.base import (
    Masked,
    Masking,
    check_rules,
    draw_noise,
    draw_uniform,
    mask,
    needed_planes,
    visible_tokens,
)
from cmr_ssl.masking.long_axis_dropout import LongAxisDropout
from cmr_ssl.masking.plane_dropout import PlaneDropout
from cmr_ssl.masking.random import RandomMasking
from cmr_ssl.masking.stack_end_dropout import StackEndDropout
from cmr_ssl.masking.tube import TubeMasking

__all__ = (
    "LongAxisDropout",
    "Masked",
    "Masking",
    "PlaneDropout",
    "RandomMasking",
    "StackEndDropout",
    "TubeMasking",
    "check_rules",
    "draw_noise",
    "draw_uniform",
    "mask",
    "needed_planes",
    "visible_tokens",
)
