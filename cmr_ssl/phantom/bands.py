"""Dark bands of balanced sequences where the main field is off; the heart beats through them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.phantom.prescription import Placement
from cmr_ssl.phantom.scanner import MainField

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

MIDDLE_MM = np.array([0.0, 0.0, -40.0])  # of the ventricles, heart mm: the centre of the shim
POCKET_MM = np.array([-42.0, -26.0, -45.0])  # beside the lower lateral wall, heart mm
POCKET_SIZE_MM = 22.0
FLANK = 0.2  # k of `banding` for blood at a flip angle of about 60 degrees
DEPHASED = 0.06  # signal in the middle of a band, from dephasing within the voxel


class OffResonance(NamedTuple):
    """A field around the heart, in cycles per repetition."""

    shift: float  # at the middle of the ventricles
    slopes: Array  # along patient axes, per 100 mm, (3,)
    curves: Array  # along patient axes, per square of 100 mm, (3,)
    pocket: float  # at `POCKET_MM`

    def cycles(self, points: Array, placement: Placement) -> Array:
        """Return the cycles per repetition at points (N, 3), patient mm: (N,)."""
        middle, pocket = (placement.origin + placement.rotation @ point for point in (MIDDLE_MM, POCKET_MM))
        offset = (points - middle) / 100.0
        near = np.exp(-0.5 * ((points - pocket) ** 2).sum(axis=1) / POCKET_SIZE_MM**2)
        return np.asarray(self.shift + offset @ self.slopes + offset**2 @ self.curves + self.pocket * near)


def draw_field(rng: np.random.Generator, field: MainField) -> OffResonance | None:
    """Draw the field of a session; None for a homogeneous one, to skip the computation."""
    shift, slope, curve, pocket = (
        rng.uniform(*bounds) for bounds in (field.shift, field.slope, field.curve, field.pocket)
    )
    slopes, curves = (_direction(rng) for _ in range(2))
    if field == MainField():
        return None
    return OffResonance(float(shift), slope * slopes, curve * curves, float(pocket))


def _direction(rng: np.random.Generator) -> Array:
    drawn = rng.normal(size=3)
    return np.asarray(drawn / np.linalg.norm(drawn))


def banding(cycles: Array) -> Floats:
    """Return signal of a balanced sequence relative to that on resonance, 0 to about 1.

    With b = 2 pi `cycles` it is |cos(b/2)| (1 + k) / (1 + k cos b), which is flat around resonance and drops to zero
    where b is pi; k = (1 + cos a) / (1 + cos a + 2 (1 - cos a) T1/T2) at flip angle a.

    Args:
        cycles: by which spins turn between two pulses, any shape.
    """
    turn = 2 * np.pi * cycles
    signal = np.abs(np.cos(turn / 2)) * (1 + FLANK) / (1 + FLANK * np.cos(turn))
    return np.asarray(np.hypot(signal, DEPHASED) / np.hypot(1.0, DEPHASED), np.float32)
