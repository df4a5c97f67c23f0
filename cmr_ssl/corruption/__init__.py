"""What goes wrong with planes at real scanners, on the device and for training: one class a flaw."""

from cmr_ssl.corruption.base import Corruption, corrupt, draw_flaws, with_flaws
from cmr_ssl.corruption.in_plane_shift import InPlaneShift
from cmr_ssl.corruption.kspace_undersampling import KSpaceUndersampling
from cmr_ssl.corruption.low_contrast import LowContrast
from cmr_ssl.corruption.mistriggering import Mistriggering
from cmr_ssl.corruption.motion_blur import MotionBlur
from cmr_ssl.corruption.noise import Noise
from cmr_ssl.corruption.radial_undersampling import RadialUndersampling
from cmr_ssl.corruption.through_plane_shift import ThroughPlaneShift
from cmr_ssl.corruption.wrap_around import WrapAround
from cmr_ssl.corruption.wrong_view import WrongView

__all__ = (
    "Corruption",
    "InPlaneShift",
    "KSpaceUndersampling",
    "LowContrast",
    "Mistriggering",
    "MotionBlur",
    "Noise",
    "RadialUndersampling",
    "ThroughPlaneShift",
    "WrapAround",
    "WrongView",
    "corrupt",
    "draw_flaws",
    "with_flaws",
)
