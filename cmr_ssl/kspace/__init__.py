"""k-space, simulated from magnitude images, and what reads it line by line.

The cines of a cohort are magnitudes: phase, coils and noise here are invented, and a result on such k-space is one on a
simulation. Only `raw` reads what a scanner measured.
"""

from cmr_ssl.kspace.acquisition import Acquired, Acquisition
from cmr_ssl.kspace.line_encoder import LineEncoder
from cmr_ssl.kspace.line_pooling import CentralLines
from cmr_ssl.kspace.line_positions import LinePositions
from cmr_ssl.kspace.lines import Lines
from cmr_ssl.kspace.reconstruction import Reconstruction, TemporalSparsity
from cmr_ssl.kspace.sampling import KtInterleaved, Sampling, UniformLines, VariableDensity, VistaLike
from cmr_ssl.kspace.view_sharing import ViewSharing

__all__ = (
    "Acquired",
    "Acquisition",
    "CentralLines",
    "KtInterleaved",
    "LineEncoder",
    "LinePositions",
    "Lines",
    "Reconstruction",
    "Sampling",
    "TemporalSparsity",
    "UniformLines",
    "VariableDensity",
    "ViewSharing",
    "VistaLike",
)
