"""Probing: what frozen encoders know, and what is known without one; features of studies for linear heads."""

from cmr_ssl.probing.encoded_batch import EncodedBatch
from cmr_ssl.probing.rank import Spectrum, rank_between
from cmr_ssl.probing.readouts import AsShipped, ClassToken, Joined, RawPixels, Readout, Tokens
from cmr_ssl.probing.whole_heart_readout import WholeHeart

__all__ = (
    "AsShipped",
    "ClassToken",
    "EncodedBatch",
    "Joined",
    "RawPixels",
    "Readout",
    "Spectrum",
    "Tokens",
    "WholeHeart",
    "rank_between",
)
