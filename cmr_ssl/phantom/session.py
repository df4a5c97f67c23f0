"""One subject's session in a scanner, which turns ideal images into grey values."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from cmr_ssl.phantom.bands import OffResonance, banding, draw_field
from cmr_ssl.phantom.prescription import Placement
from cmr_ssl.phantom.scanner import Scanner
from cmr_ssl.phantom.torso import Tissues

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


class TissueFactors(NamedTuple):
    """Factors on the signals of tissues, drawn from the ranges of `Contrast`, see there."""

    muscle: float = 1.0
    organs: float = 1.0
    fat: float = 1.0
    lung: float = 1.0
    border: float = 1.0
    flow: float = 1.0

    def apply(self, tissues: Tissues) -> Tissues:
        """Return the signals of a subject in this session."""
        return tissues._replace(
            muscle=tissues.muscle * self.muscle,
            fat=tissues.fat * self.fat,
            liver=tissues.liver * self.organs,
            spleen=tissues.spleen * self.organs,
            wall=tissues.wall * self.organs,
            lung=tissues.lung * self.lung,
            organs=self.organs,
            border=self.border,
            flow=self.flow,
        )


class Session(NamedTuple):
    """Settings of one subject's session."""

    coils: Array  # positions of the coil elements, patient mm, (C, 3)
    reach_mm: float  # distance over which a coil's sensitivity falls to 1/e
    resolution: float  # part of k-space acquired along rows, 0 to 1
    snr: float  # of blood in the heart
    blood: float  # grey value of blood in the heart
    scanner: str = ""  # its name
    tissue_factors: TissueFactors = TissueFactors()  # on the signals of tissues
    field: OffResonance | None = None  # off-resonance of the main field, or None
    filtered: bool = False  # whether noise is as smooth as the image
    thickness: float = 1.0  # of slices, relative to the planned one


def draw_session(rng: np.random.Generator, scanner: Scanner, half_width: float, half_depth: float) -> Session:
    """Draw a session: a coil array on the chest and one under the back.

    All scanners take the same numbers from `rng`, so that later draws do not depend on the scanner.

    Args:
        rng: owned by the caller.
        scanner: with the ranges.
        half_width: of the chest, mm.
        half_depth: of the chest, mm.
    """
    scanner_rng = rng.spawn(1)[0]  # takes no numbers from `rng`
    coils = scanner.coils
    before, behind, right = (scanner_rng.uniform(*mm) for mm in (coils.front_mm, coils.back_mm, coils.right_mm))
    x, z = np.meshgrid([-0.6, 0.0, 0.6], [-70.0, 60.0])
    front = np.stack([x.ravel() * half_width, np.full(6, half_depth + before), z.ravel()], axis=1)
    back = np.stack([x.ravel() * half_width, np.full(6, -half_depth - behind), z.ravel()], axis=1)
    elements = np.concatenate([front, back]) + rng.normal(0, 12.0, (12, 3)) + [right, 0.0, 0.0]
    snr = float(np.exp(rng.uniform(*np.log(scanner.snr))))
    ranges = (getattr(scanner.contrast, name) for name in TissueFactors._fields)
    return Session(
        elements,
        reach_mm=rng.uniform(*scanner.coils.reach_mm),
        resolution=rng.uniform(*scanner.resolution),
        snr=snr,
        blood=rng.uniform(*scanner.blood),
        scanner=scanner.name,
        tissue_factors=TissueFactors(*(float(scanner_rng.uniform(*bounds)) for bounds in ranges)),
        field=draw_field(scanner_rng, scanner.field),
        filtered=scanner.filtered,
        thickness=float(scanner_rng.uniform(*scanner.thickness)),
    )


def reception(session: Session, points: Array, placement: Placement) -> Floats:
    """Return the factor on signals at points (N, 3), patient mm: shading and bands, (N,)."""
    received = shading(session, points, placement.origin)
    return received if session.field is None else received * banding(session.field.cycles(points, placement))


def shading(session: Session, points: Array, heart: Array) -> Floats:
    """Return coil sensitivity at points (N, 3), 1 at the `heart` (3,), all patient mm: (N,)."""
    sensitivity = _sensitivity(session, np.concatenate([points, heart[None]]).astype(np.float32))
    return sensitivity[:-1] / sensitivity[-1]


def _sensitivity(session: Session, points: Floats) -> Floats:
    coils = session.coils.astype(np.float32)
    square = (points**2).sum(axis=1)[:, None] + (coils**2).sum(axis=1) - 2 * points @ coils.T
    distance = np.sqrt(np.maximum(square, 0))
    return np.asarray(np.exp(distance * np.float32(-1 / session.reach_mm)).sum(axis=1), np.float32)


def limit_resolution(images: Floats, part: float) -> Floats:
    """Keep the middle `part` of k-space along rows and a little more along columns, softly; images (..., H, W)."""
    rows, columns = images.shape[-2:]
    along_rows, along_columns = _windows(rows, columns, part)
    spectrum = fft.rfft2(images) * (along_rows[:, None] * along_columns[: columns // 2 + 1])
    return np.asarray(fft.irfft2(spectrum, s=(rows, columns)), np.float32)


def _windows(rows: int, columns: int, part: float) -> tuple[Floats, Floats]:
    """Return the windows along rows (H,) and columns (W,) of k-space."""
    return _window(np.arange(rows) / rows, part), _window(np.arange(columns) / columns, (1 + part) / 2)


def _window(frequency: Array, part: float) -> Floats:
    """Return a flat window over `frequency`, 0 to 1 cycles a pixel, with a soft edge at `part` of the highest one."""
    distance = np.minimum(frequency, 1.0 - frequency) / 0.5
    return np.clip((part - distance) / 0.2 + 0.5, 0, 1).astype(np.float32)


def detect(rng: np.random.Generator, images: Floats, session: Session) -> NDArray[np.int16]:
    """Return magnitude images with Rician noise as grey values; `images` (..., H, W) relative to blood."""
    sigma = np.float32(session.blood / session.snr)
    real = _noise(rng, images.shape, session)
    real *= sigma
    real += images * np.float32(session.blood)
    imaginary = _noise(rng, images.shape, session)
    imaginary *= sigma
    real *= real
    imaginary *= imaginary
    real += imaginary
    np.sqrt(real, out=real)
    real += np.float32(0.5)
    return np.minimum(real, np.float32(4095.0), out=real).astype(np.int16)


def _noise(rng: np.random.Generator, shape: tuple[int, ...], session: Session) -> Floats:
    """Return normal noise with SD 1, as smooth as images of this session if it filters."""
    white = rng.standard_normal(shape, np.float32)
    if not session.filtered:
        return white
    power = [np.mean(window**2) for window in _windows(shape[-2], shape[-1], session.resolution)]
    return limit_resolution(white, session.resolution) / np.float32(np.sqrt(np.prod(power)))
