"""Find the heart without labels: it is what pulses, and the long-axis planes cut through it.

In a short axis of a few frames, such as ED and ES alone, everything changes where each image was scaled on its own:
there the heart is told by its looks, see `cavity`. Looks also check what pulses: a picture that ends at the heart's
border, or a bowel that moves, draws the centre of what pulses away from it.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cmr_ssl.planes import RIGHT_ANTERIOR_RAS, SHORT_AXIS, normal, slice_affine, spacing, to_pixels, unit
from cmr_ssl.preparation.cavity import find_cavity
from cmr_ssl.study import Finding, Series

Array = NDArray[np.float64]

GRID_MM = 3.5  # pulsation is looked for on about this grid
SMOOTH_MM = 6.0  # a heart is larger than this, noise and small vessels are not
REACH_MM = 40.0  # the heart is about as large as this around its centre
STRONG = 0.95  # share of pixels with less pulsation than counts fully: a bright vessel does not outvote the heart
FLOOR = 0.15  # of the strongest pulsation; weaker pixels do not vote
LEAST_CONTRAST = 4.0  # strongest pulsation over its noise; pure noise stays below
FARTHEST_MM = 30.0  # between what pulses and where the long-axis planes cut
# From the left ventricle to the middle of all that pulses: 20 mm (SD 2) in synthetic hearts, 15 mm (SD 8) in ACDC's.
FROM_VENTRICLE_MM = 25.0
HARMONICS = 3  # of the beat; what a heart does slowly. The rest is noise.
# Of 29 patients of ACDC, ED and ES alone, none lies below, of windows with the heart aside 7 %; of places more than
# 25 mm off, which noise, inverted pictures and windows without a heart lead to, about 80 % do.
SURE = 0.65
# From the middle of the left ventricle to that of the heart, which a crop is to hold. The ventricles are 45 mm apart;
# 4 mm halve what small crops (154 mm) cut off the right one.
TO_RIGHT_MM = 4.0


class Pulsation(NamedTuple):
    """Where a study pulses: points in scanner mm (N, 3) and how strongly (N,)."""

    points: Array
    weights: Array


def find_heart(series: list[Series]) -> tuple[Array | None, list[Finding]]:
    """Return the heart's centre in scanner mm, (3,), or None where nothing pulses; and findings.

    The short axis decides, if there is one, and the long-axis planes confirm it; without short axis what pulses in the
    long-axis planes decides. In a short axis of a few frames the centre lies `TO_RIGHT_MM` from that of the left
    ventricle towards the right one.
    """
    if not series:
        return None, []
    short = [one for one in series if one.view == SHORT_AXIS]
    long = [one for one in series if one.view != SHORT_AXIS]
    findings: list[Finding] = []
    if (seen := pulsation(short)) is None:
        message = "nothing pulses in the short axis" if short else "there is no short axis"
        findings.append(Finding("no-short-axis", "noted", "", f"{message}: the heart was looked for in the long axis"))
        seen = pulsation(long)
    if seen is None:
        return None, [Finding("no-pulsation", "rejected", "", "nothing pulses: there is no heart to find")]
    if findings:
        centre = pulsating_centre(seen)
    elif beats(short[0]):
        centre, findings = _beside_ventricle(short[0], seen)
    else:
        centre, findings = _by_looks(short[0], long)
    return centre, findings + _disagreement(centre, long)


def beats(series: Series) -> bool:
    """Tell whether a series has enough frames to tell slow pulsation from noise."""
    return series.pixels.shape[3] > 2 * HARMONICS + 1


def pulsation(series: list[Series]) -> Pulsation | None:
    """Return where the series pulse, or None where they do not. Each series has the same say."""
    seen = [found for one in series if (found := _pulsation(one)) is not None]
    if not seen:
        return None
    weights = [found.weights / found.weights.sum() for found in seen]
    return Pulsation(np.concatenate([found.points for found in seen]), np.concatenate(weights))


def pulsating_centre(seen: Pulsation) -> Array:
    """Return the centre of what pulses, (3,): a weighted median, drawn to the centroid of what pulses around it."""
    centre = np.array([_weighted_median(column, seen.weights) for column in seen.points.T])
    for _ in range(20):
        centre = centre_around(seen, centre)
    return centre


def centre_around(seen: Pulsation, place: Array) -> Array:
    """Return the centroid of what pulses around a place, (3,)."""
    distance = np.linalg.norm(seen.points - place, axis=1)
    weights = seen.weights * np.exp(-0.5 * (distance / REACH_MM) ** 2)
    return np.asarray(weights @ seen.points / weights.sum())


def nearest_on_planes(point: Array, affines: list[Array]) -> Array:
    """Return the point on (or, where they do not all meet, between) the planes that is nearest to `point`, (3,)."""
    normals = np.stack([normal(affine) for affine in affines])
    offsets = np.array([normal(affine) @ (affine[:3, 3] - point) for affine in affines])
    # Planes through one axis leave the direction along it open: a small singular value must not move the point there.
    return np.asarray(point + np.linalg.pinv(normals, rcond=0.3) @ offsets)


def beat_power(pixels: NDArray[np.generic]) -> tuple[Array, Array]:
    """Split what changes over the beat into slow pulsation and noise.

    Args:
        pixels: one beat, (X, Y, S, T).

    Returns:
        Power in the first harmonics of the beat, (X, Y, S), and the power that noise puts there, as the higher
        harmonics tell, (X, Y, S).
    """
    frames = pixels.shape[3]
    power = np.square(np.abs(np.fft.rfft(pixels.astype(np.float32), axis=3))) / frames
    noise = HARMONICS * power[..., HARMONICS + 1 :].mean(axis=3)
    return power[..., 1 : HARMONICS + 1].sum(axis=3), noise


def change_power(pixels: NDArray[np.generic]) -> tuple[Array, Array]:
    """Do the same for a few frames that may each have their own brightness, such as ED and ES.

    Square roots, because bright fat near the coil would otherwise outvote blood; noise is what changes in the median.
    """
    frames = np.sqrt(pixels.astype(np.float32).clip(min=0))
    frames /= frames.mean(axis=(0, 1), keepdims=True) + 1e-6
    power = frames.var(axis=3)
    return power, np.broadcast_to(np.median(power, axis=(0, 1), keepdims=True), power.shape)


def _pulsation(series: Series) -> Pulsation | None:
    step = np.maximum(1, np.round(GRID_MM / spacing(series.affine))).astype(int)
    slices = np.flatnonzero(series.acquired.mean(axis=1) > 0.5)
    pixels = series.pixels[:: step[0], :: step[1], slices]
    if pixels.size == 0 or pixels.shape[3] < 2:
        return None
    power, noise = beat_power(pixels) if beats(series) else change_power(pixels)
    sigma = (*(SMOOTH_MM / (spacing(series.affine) * step)), 0)
    power, noise = gaussian_filter(power, sigma), gaussian_filter(np.asarray(noise), sigma)
    if power.max() <= LEAST_CONTRAST * np.median(noise[power >= np.quantile(power, 0.99)]):
        return None
    strength = np.sqrt((power - noise).clip(min=0))
    strength = (strength / np.quantile(strength, STRONG)).clip(max=1) - FLOOR
    strength = strength.clip(min=0)
    column, row, index = np.nonzero(strength)
    voxels = np.stack([column * step[0], row * step[1], slices[index]], axis=1)
    return Pulsation(voxels @ series.affine[:3, :3].T + series.affine[:3, 3], strength[column, row, index])


def _beside_ventricle(short: Series, seen: Pulsation) -> tuple[Array, list[Finding]]:
    """Return the centre of what pulses, or of what pulses around the left ventricle where that is not beside it."""
    centre = pulsating_centre(seen)
    found = find_cavity(_two_frames(short), centre)
    cut_off = _from_border(short, found.centre) < REACH_MM
    if found.sure >= SURE and (cut_off or _in_plane(short, centre, found.centre) > FROM_VENTRICLE_MM):
        centre = centre_around(seen, found.centre)
    if (distance := _in_plane(short, centre, found.centre)) <= FROM_VENTRICLE_MM:
        return centre, []
    message = f"what pulses lies {distance:.0f} mm from what looks like the left ventricle ({found.sure:.0%} certain)"
    return centre, [Finding("unsure-heart", "noted", short.view, f"{message}: look at the crop", found.sure)]


def _in_plane(short: Series, one: Array, other: Array) -> float:
    """Return how far two points lie apart within the slices, mm."""
    way, across = one - other, normal(short.affine)
    return float(np.linalg.norm(way - (way @ across) * across))


def _two_frames(short: Series) -> Series:
    """Return the first frame of a beat, where it is at end-diastole, and the one that differs most from it."""
    step = np.maximum(1, np.round(GRID_MM / spacing(short.affine))).astype(int)
    frames = np.sqrt(short.pixels[:: step[0], :: step[1]].astype(np.float32).clip(min=0))
    two = [0, int(np.square(frames - frames[..., :1]).mean(axis=(0, 1, 2)).argmax())]
    acquired = np.repeat(short.acquired.mean(axis=1, keepdims=True) > 0.5, 2, axis=1)
    return replace(short, pixels=short.pixels[..., two], acquired=acquired, labels=None)


def _from_border(short: Series, point: Array) -> float:
    """Return how far a point lies within the picture from its nearest border, mm."""
    place = to_pixels(short.affine, point[None])[0]
    return float((np.minimum(place, np.array(short.pixels.shape[:2]) - 1 - place) * spacing(short.affine)).min())


def _by_looks(short: Series, long_axis: list[Series]) -> tuple[Array, list[Finding]]:
    """Find the heart in a few frames, near where the long-axis planes cut the stack if there are several."""
    middle = None
    if len(long_axis) > 1:
        voxel = (np.array(short.pixels.shape[:3]) - 1) / 2
        point = short.affine[:3, :3] @ voxel + short.affine[:3, 3]
        middle = nearest_on_planes(point, [slice_affine(one.affine, 0) for one in long_axis])
    found = find_cavity(short, middle)
    across = normal(short.affine)
    centre = found.centre + TO_RIGHT_MM * unit(RIGHT_ANTERIOR_RAS - (RIGHT_ANTERIOR_RAS @ across) * across)
    if found.sure >= SURE:
        return centre, []
    message = f"with {short.pixels.shape[3]} frames the heart was found with a certainty of {found.sure:.0%} only: look"
    return centre, [Finding("unsure-heart", "noted", short.view, f"{message} at the crop", found.sure)]


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)])


def _disagreement(centre: Array, long_axis: list[Series]) -> list[Finding]:
    if not long_axis:
        return []
    cut = nearest_on_planes(centre, [slice_affine(one.affine, 0) for one in long_axis])
    distance = float(np.linalg.norm(cut - centre))
    if distance <= FARTHEST_MM:
        return []
    message = f"what pulses lies {distance:.0f} mm from where the long-axis planes cut"
    return [Finding("centre-disagreement", "noted", "", message)]
