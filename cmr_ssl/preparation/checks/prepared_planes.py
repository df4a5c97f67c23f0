"""The planes of a prepared subject for the checks, in the heart frame, the short axis from base to apex."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.planes import SHORT_AXIS, VIEWS, spacing, to_mm
from cmr_ssl.preparation.cache import PreparedSubject

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

FEWEST_FRAMES = 8  # of a beat from which motion is known


class Measure(NamedTuple):
    """One measured value.

    Attributes:
        code: of the quantity, a key of `limits.LIMITS`.
        view: of the plane or series; empty for the whole subject.
        slice: of the source series, -1 for a whole view.
        value: in the unit of `limits.LIMITS`.
        plane: index of a prepared plane that shows it.
    """

    code: str
    view: str
    slice: int
    value: float
    plane: int


class PreparedPlanes:
    """The planes of one subject.

    Attributes:
        images: intensities 0..255, (P, T, H, W).
        affines: pixel to mm in the heart frame, (P, 4, 4).
        stack: planes of the short axis, from base to apex.
        long: planes of the long axis.
    """

    def __init__(self, prepared: PreparedSubject) -> None:
        """Take the planes of a prepared subject."""
        self.images: Floats = prepared.images.astype(np.float32)
        self.affines: Array = prepared.affine.astype(np.float64)
        self.stack = [int(plane) for plane in np.flatnonzero(prepared.view == VIEWS.index(SHORT_AXIS))]
        self.long = [int(plane) for plane in np.flatnonzero(prepared.view != VIEWS.index(SHORT_AXIS))]
        self._view, self._slice = prepared.view, prepared.slice

    @property
    def beats(self) -> bool:
        """Whether the frames make a beat."""
        return self.images.shape[1] >= FEWEST_FRAMES

    @property
    def step_mm(self) -> float:
        """Pixel size, mm."""
        return float(spacing(self.affines[0]).mean())

    def view(self, plane: int) -> str:
        """Return the name of a plane's view."""
        return VIEWS[self._view[plane]]

    def measure(self, code: str, plane: int, value: float, whole: bool = False) -> Measure:
        """Return a measure of a plane, or of its `whole` view."""
        return Measure(code, self.view(plane), -1 if whole else int(self._slice[plane]), float(value), plane)

    def from_axis(self, plane: int) -> Array:
        """Return the distance of each pixel from the heart's long axis, mm, (H, W)."""
        height, width = self.images.shape[2:]
        row, column = np.divmod(np.arange(height * width), width)
        points = to_mm(self.affines[plane], np.stack([column, row], axis=1))
        return np.hypot(points[:, 0], points[:, 1]).reshape(height, width)
