"""What synthetic hearts are: their surfaces are known at every angle, height and time.

The truth knows neither slices nor pixels: thirds are those of the exact cavity, insertion points those of the exact
right ventricle.
"""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.measures.levels import LEVELS
from cmr_ssl.measures.rings import MIDDLES, length
from cmr_ssl.measures.septum import segments
from cmr_ssl.phantom.heart import APEX_WALL_MM, Heart
from cmr_ssl.phantom.population import Subject
from cmr_ssl.phantom.series_pixels import World
from cmr_ssl.phantom.surfaces import ANGLES, HEIGHTS, Surface
from cmr_ssl.phantom.timing import beat
from cmr_ssl.volumes import FOUR_CHAMBER, TWO_CHAMBER

Array = NDArray[np.float64]
Key = tuple[str, str, str]  # measure, segment and phase

PLANES_A_LEVEL = 12  # heights at which a third of the exact ventricle is looked at
DENSE = 3000  # frames of a beat whose rates are exact enough


def radii(surface: Surface, frame: int, z: Array) -> Array:
    """Return exact radii in mm in the sectors of `rings`, (Z, SECTORS), angle 0 being the heart's x axis."""
    u = np.clip((z - surface.bottom[frame]) / (surface.top[frame] - surface.bottom[frame]), 0, 1) * (HEIGHTS - 1)
    low = np.minimum(u.astype(int), HEIGHTS - 2)
    table = surface.square[frame].astype(np.float64)
    square = table[:, low] * (1 - (u - low)) + table[:, low + 1] * (u - low)
    step = (((MIDDLES + np.pi) % (2 * np.pi)) * ANGLES / (2 * np.pi)).astype(int) % ANGLES
    return np.sqrt(square[step]).T


def exact(subject: Subject, world: World) -> dict[Key, float]:
    """Return the true value of every measure, by measure, segment and phase."""
    heart = world.scene.heart
    es = int(heart.beat.lv.argmin())
    true = _walls(heart, es) | _strains(heart, es) | _long_axis(heart, es)
    return true | _rates(subject)


def exact_septum(heart: Heart) -> float:
    """Return the exact angle of the mid septum, radians from the heart's x axis, in the middle third at ED."""
    z = _heights(heart, 0)[len(LEVELS) // 2]
    u = np.rint((z - heart.rv.bottom[0]) / (heart.rv.top[0] - heart.rv.bottom[0]) * (HEIGHTS - 1)).astype(int)
    there = heart.rv.square[0][:, np.clip(u, 0, HEIGHTS - 1)] > 0
    angle = (np.arange(ANGLES) + 0.5) * 2 * np.pi / ANGLES - np.pi
    return float(np.mean([angle[column].mean() for column in there.T if column.any()]))


def _heights(heart: Heart, frame: int) -> Array:
    """Return heights in mm in each third of the exact cavity, from apex to base, (3, PLANES_A_LEVEL)."""
    count = len(LEVELS) * PLANES_A_LEVEL
    part = (np.arange(count) + 0.5) / count
    bottom, top = heart.endo.bottom[frame], heart.mitral[frame]
    return np.asarray((bottom + (top - bottom) * part).reshape(len(LEVELS), PLANES_A_LEVEL))


def _walls(heart: Heart, es: int) -> dict[Key, float]:
    septum = exact_septum(heart)
    walls = {phase: np.zeros(17) for phase in ("ED", "ES")}
    for phase, frame in (("ED", 0), ("ES", es)):
        for level, z in enumerate(_heights(heart, frame)):
            wall = (radii(heart.epi, frame, z) - radii(heart.endo, frame, z)).mean(axis=0)
            at = segments(level, septum)
            for number in np.unique(at):
                walls[phase][number - 1] = wall[at == number].mean()
        walls[phase][16] = APEX_WALL_MM if frame == 0 else heart.endo.bottom[frame] - heart.epi.bottom[frame]
    true = {("wall thickness", str(at + 1), phase): wall[at] for phase, wall in walls.items() for at in range(17)}
    change = 100 * (walls["ES"] / walls["ED"] - 1)
    return true | {("wall thickening", str(at + 1), "ED to ES"): change[at] for at in range(17)}


def _strains(heart: Heart, es: int) -> dict[Key, float]:
    """Return the strains of planes that stay where they are, at every height that holds a cavity at ED and ES."""
    true: dict[Key, float] = {}
    found: dict[str, list[tuple[int, float]]] = {}
    for level, heights in enumerate(_heights(heart, 0)):
        for z in heights[(heights < heart.mitral[es]) & (heights > heart.endo.bottom[es])]:
            endo, epi = ([radii(one, frame, z[None])[0] for frame in (0, es)] for one in (heart.endo, heart.epi))
            middle = [(a + b) / 2 for a, b in zip(endo, epi, strict=True)]
            wall = [(b - a).mean() for a, b in zip(endo, epi, strict=True)]
            sizes = {
                "circumferential strain, endocardial": [length(one) for one in endo],
                "circumferential strain, mid-wall": [length(one) for one in middle],
                "radial strain": wall,
            }
            for name, (before, after) in sizes.items():
                found.setdefault(name, []).append((level, 100 * (after / before - 1)))
    for name, values in found.items():
        true[name, "global", "ES"] = float(np.mean([value for _, value in values]))
        for level, title in enumerate(LEVELS):
            true[name, title, "ES"] = float(np.mean([value for at, value in values if at == level]))
    return true


def _long_axis(heart: Heart, es: int) -> dict[Key, float]:
    ed_mm, es_mm = (float(heart.mitral[frame] - heart.epi.bottom[frame]) for frame in (0, es))
    true: dict[Key, float] = {}
    for view in (TWO_CHAMBER, FOUR_CHAMBER, "global"):
        true["long-axis strain", view, "ES"] = 100 * (es_mm / ed_mm - 1)
        true["MAPSE", view, "ED to ES"] = float(heart.mitral[0] - heart.mitral[es])
    return true | {("TAPSE", FOUR_CHAMBER, "ED to ES"): float(heart.ra.bottom[0] - heart.ra.bottom[es])}


def _rates(subject: Subject) -> dict[Key, float]:
    """Return the rates of the curve itself, at so many frames that nothing is lost between them."""
    curves = beat(subject.body, subject.shape, DENSE)
    stroke = subject.volumes.lvedv - subject.volumes.lvesv
    rate = np.gradient(curves.lv) * stroke * DENSE / curves.rr_ms * 1e3
    es = int(curves.lv.argmin())
    ejection, filling = -rate[:es].min(), rate[es : es + (DENSE - es) // 2].max()
    true = {}
    for name, value in (("peak ejection rate", ejection), ("peak filling rate", filling)):
        true[name, "LV", "beat"] = float(value)
        true[f"{name} per EDV", "LV", "beat"] = float(value / subject.volumes.lvedv)
    true["total emptying fraction", "LA", "beat"] = 100 * (1 - subject.volumes.lavmin / subject.volumes.lavmax)
    return true
