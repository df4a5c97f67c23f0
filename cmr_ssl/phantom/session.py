"""One subject's session in a scanner: what it does to an ideal image, from shading to whole numbers."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from cmr_ssl.phantom.bands import OffResonance, banding, draw_field
from cmr_ssl.phantom.prescription import Placement
from cmr_ssl.phantom.scanner import Contrast, Range, Scanner
from cmr_ssl.phantom.torso import Tissues

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


class Tones(NamedTuple):
    """One session's draw from the ranges of `Contrast`, which says what each of them is."""

    muscle: float = 1.0
    organs: float = 1.0
    fat: float = 1.0
    lung: float = 1.0
    border: float = 1.0
    flow: float = 1.0

    def shown(self, tissues: Tissues) -> Tissues:
        """Return the signals of a subject as this session shows them."""
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
    """Settings of one subject's session.

    Attributes:
        coils: places of the coil elements, patient mm, (C, 3).
        reach_mm: distance over which a coil's sensitivity falls to 1/e.
        resolution: part of k-space acquired along rows, 0 to 1.
        snr: of blood in the heart.
        blood: grey value of blood in the heart.
        scanner: its name.
        tones: what tissues look like.
        field: where the main field is off, if anywhere.
        filtered: whether noise is as smooth as the image.
        thickness: of slices, relative to the planned one.
    """

    coils: Array
    reach_mm: float
    resolution: float
    snr: float
    blood: float
    scanner: str = ""
    tones: Tones = Tones()
    field: OffResonance | None = None
    filtered: bool = False
    thickness: float = 1.0


def draw_session(rng: np.random.Generator, scanner: Scanner, half_width: float, half_depth: float) -> Session:
    """Draw a session: a coil array on the chest and one under the back.

    All scanners take the same numbers from `rng`, so that whatever is drawn from it next does not depend on them.

    Args:
        rng: owned by the caller.
        scanner: with the ranges.
        half_width: of the chest, mm.
        half_depth: of the chest, mm.
    """
    own = rng.spawn(1)[0]  # a stream of its own, which takes nothing from `rng`
    before, behind, right = (own.uniform(*limits) for limits in _places(scanner))
    x, z = np.meshgrid([-0.6, 0.0, 0.6], [-70.0, 60.0])
    front = np.stack([x.ravel() * half_width, np.full(6, half_depth + before), z.ravel()], axis=1)
    back = np.stack([x.ravel() * half_width, np.full(6, -half_depth - behind), z.ravel()], axis=1)
    coils = np.concatenate([front, back]) + rng.normal(0, 12.0, (12, 3)) + [right, 0.0, 0.0]
    snr = float(np.exp(rng.uniform(*np.log(scanner.snr))))
    return Session(
        coils,
        reach_mm=rng.uniform(*scanner.coils.reach_mm),
        resolution=rng.uniform(*scanner.resolution),
        snr=snr,
        blood=rng.uniform(*scanner.blood),
        scanner=scanner.name,
        tones=draw_tones(own, scanner.contrast),
        field=draw_field(own, scanner.field),
        filtered=scanner.filtered,
        thickness=float(own.uniform(*scanner.thickness)),
    )


def _places(scanner: Scanner) -> tuple[Range, Range, Range]:
    return scanner.coils.front_mm, scanner.coils.back_mm, scanner.coils.right_mm


def draw_tones(rng: np.random.Generator, contrast: Contrast) -> Tones:
    """Draw what tissues look like in a session."""
    return Tones(*(float(rng.uniform(*getattr(contrast, name))) for name in Tones._fields))


def reception(session: Session, points: Array, placement: Placement) -> Floats:
    """Return by what signals at points (N, 3), patient mm, are multiplied: shading and bands, (N,)."""
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
    passed = [np.mean(window**2) for window in _windows(shape[-2], shape[-1], session.resolution)]
    return limit_resolution(white, session.resolution) / np.float32(np.sqrt(np.prod(passed)))
