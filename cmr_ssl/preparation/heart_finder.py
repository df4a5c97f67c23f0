"""Find the heart without labels: it pulses, the left ventricle looks like one, and the long-axis planes cut through it.

In a short axis the centre is the middle of both ventricles by their appearance, see `cavity` and `ventricles`: what
pulses only tells where to look. It is drawn away where the bowel moves or the image ends at the heart's border, and in
a few frames, such as ED and ES alone, everything changes where each image was scaled separately.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cmr_ssl.planes import SHORT_AXIS, normal, slice_affine, spacing
from cmr_ssl.preparation.cavity import find_cavity
from cmr_ssl.preparation.ventricles import middle_of_ventricles
from cmr_ssl.study import Finding, Series

Array = NDArray[np.float64]

GRID_MM = 3.5  # approximate grid on which pulsation is measured
SMOOTH_MM = 6.0  # a heart is larger than this, noise and small vessels are not
REACH_MM = 40.0  # approximate radius of the heart
STRONG = 0.95  # quantile of pulsation at which weights saturate: a bright vessel does not outweigh the heart
FLOOR = 0.15  # of the strongest pulsation; weaker pixels have no weight
LEAST_CONTRAST = 4.0  # strongest pulsation over its noise; pure noise stays below
FARTHEST_MM = 30.0  # between the centre and the intersection of the long-axis planes
HARMONICS = 3  # of the beat, the slow motion of a heart. The rest is noise.
# Below: none of 58 patients of ACDC with ED and ES alone, 9 % of crops of 160 to 250 mm with the heart off centre, and
# about 80 % of places more than 25 mm off, which result from inverted images and hearts at the border.
SURE = 0.65
LIKELY = 0.5  # above, what looks like the left ventricle counts more than what pulses
# Between what looks like the heart and what pulses, in cines: at most 31 mm in 55 patients of ACDC with certain looks.
APART_MM, APART_UNSURE_MM = 40.0, 20.0


class Pulsation(NamedTuple):
    """Pulsating points of a study in scanner mm (N, 3) and their weights (N,)."""

    points: Array
    weights: Array


def find_heart(series: list[Series]) -> tuple[Array | None, list[Finding]]:
    """Return the heart's centre in scanner mm, (3,), or None where nothing pulses; and findings.

    The centre is the middle of both ventricles in the short axis, confirmed by what pulses and by the long-axis planes;
    without a short axis it is the centre of pulsation in the long-axis planes.
    """
    if not series:
        return None, []
    short = [one for one in series if one.view == SHORT_AXIS]
    long = [one for one in series if one.view != SHORT_AXIS]
    findings: list[Finding] = []
    if (pulse := pulsation(short)) is None:
        message = "nothing pulses in the short axis" if short else "there is no short axis"
        findings.append(Finding("no-short-axis", "noted", "", f"{message}: the heart was looked for in the long axis"))
        pulse = pulsation(long)
    if pulse is None:
        return None, [Finding("no-pulsation", "rejected", "", "nothing pulses: there is no heart to find")]
    if findings:
        centre = pulsating_centre(pulse)
    elif beats(short[0]):
        centre, findings = _centre_of_cine(short[0], pulsating_centre(pulse))
    else:
        centre, findings = _centre_by_appearance(short[0], long)
    return centre, findings + _check_intersection(centre, long)


def beats(series: Series) -> bool:
    """Tell whether a series has enough frames to separate slow pulsation from noise."""
    return series.pixels.shape[3] > 2 * HARMONICS + 1


def pulsation(series: list[Series]) -> Pulsation | None:
    """Return the pulsation of several series of equal weight, or None where nothing pulses."""
    pulses = [pulse for one in series if (pulse := _pulsation(one)) is not None]
    if not pulses:
        return None
    weights = [pulse.weights / pulse.weights.sum() for pulse in pulses]
    return Pulsation(np.concatenate([pulse.points for pulse in pulses]), np.concatenate(weights))


def pulsating_centre(pulse: Pulsation) -> Array:
    """Return the centre of pulsation, (3,): mean shift from the weighted median."""
    centre = np.array([_weighted_median(column, pulse.weights) for column in pulse.points.T])
    for _ in range(20):
        centre = centre_around(pulse, centre)
    return centre


def centre_around(pulse: Pulsation, place: Array) -> Array:
    """Return the centroid of pulsation weighted by a Gaussian around a place, (3,)."""
    distance = np.linalg.norm(pulse.points - place, axis=1)
    weights = pulse.weights * np.exp(-0.5 * (distance / REACH_MM) ** 2)
    return np.asarray(weights @ pulse.points / weights.sum())


def nearest_on_planes(point: Array, affines: list[Array]) -> Array:
    """Return the point nearest to `point` on the intersection of planes, or their least-squares one, (3,)."""
    normals = np.stack([normal(affine) for affine in affines])
    offsets = np.array([normal(affine) @ (affine[:3, 3] - point) for affine in affines])
    # Planes through one axis leave the direction along it open: a small singular value must not move the point there.
    return np.asarray(point + np.linalg.pinv(normals, rcond=0.3) @ offsets)


def beat_power(pixels: NDArray[np.generic]) -> tuple[Array, Array]:
    """Split the changes over a beat (X, Y, S, T) into slow pulsation and noise.

    Returns:
        Power in the first harmonics of the beat, (X, Y, S), and the expected power of noise in them, estimated from
        the higher harmonics, (X, Y, S).
    """
    frames = pixels.shape[3]
    power = np.square(np.abs(np.fft.rfft(pixels.astype(np.float32), axis=3))) / frames
    noise = HARMONICS * power[..., HARMONICS + 1 :].mean(axis=3)
    return power[..., 1 : HARMONICS + 1].sum(axis=3), noise


def change_power(pixels: NDArray[np.generic]) -> tuple[Array, Array]:
    """Do the same for a few frames that may be scaled separately, such as ED and ES.

    Square roots, because bright fat near the coil would otherwise outweigh blood; noise is the median power.
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


def _centre_of_cine(short: Series, pulsing: Array) -> tuple[Array, list[Finding]]:
    """Find the heart near the centre of pulsation, which says how high it lies and whether the looks are right."""
    frames = _two_frames(short)
    cavity, across = find_cavity(frames, pulsing), normal(short.affine)
    middle = middle_of_ventricles(frames, cavity.centre)
    middle += ((pulsing - middle) @ across) * across
    distance = float(np.linalg.norm(middle - pulsing))
    if distance <= (APART_MM if cavity.sure >= SURE else APART_UNSURE_MM):
        return middle, []
    message = f"what pulses lies {distance:.0f} mm from what looks like the heart ({cavity.sure:.0%} certain)"
    finding = Finding("unsure-heart", "noted", short.view, f"{message}: look at the crop", cavity.sure)
    return middle if cavity.sure >= LIKELY else pulsing, [finding]


def _two_frames(short: Series) -> Series:
    """Return the first frame of a beat, at end-diastole, and the one that differs most from it."""
    step = np.maximum(1, np.round(GRID_MM / spacing(short.affine))).astype(int)
    frames = np.sqrt(short.pixels[:: step[0], :: step[1]].astype(np.float32).clip(min=0))
    two = [0, int(np.square(frames - frames[..., :1]).mean(axis=(0, 1, 2)).argmax())]
    acquired = np.repeat(short.acquired.mean(axis=1, keepdims=True) > 0.5, 2, axis=1)
    return replace(short, pixels=short.pixels[..., two], acquired=acquired, labels=None)


def _centre_by_appearance(short: Series, long_axis: list[Series]) -> tuple[Array, list[Finding]]:
    """Find the heart in a few frames, near the intersection of several long-axis planes with the stack."""
    middle = None
    if len(long_axis) > 1:
        voxel = (np.array(short.pixels.shape[:3]) - 1) / 2
        point = short.affine[:3, :3] @ voxel + short.affine[:3, 3]
        middle = nearest_on_planes(point, [slice_affine(one.affine, 0) for one in long_axis])
    cavity = find_cavity(short, middle)
    centre = middle_of_ventricles(short, cavity.centre)
    if cavity.sure >= SURE:
        return centre, []
    message = f"with {short.pixels.shape[3]} frames the heart was found with a certainty of {cavity.sure:.0%} only"
    return centre, [Finding("unsure-heart", "noted", short.view, f"{message}: look at the crop", cavity.sure)]


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)])


def _check_intersection(centre: Array, long_axis: list[Series]) -> list[Finding]:
    if not long_axis:
        return []
    intersection = nearest_on_planes(centre, [slice_affine(one.affine, 0) for one in long_axis])
    distance = float(np.linalg.norm(intersection - centre))
    if distance <= FARTHEST_MM:
        return []
    message = f"what pulses lies {distance:.0f} mm from where the long-axis planes cut"
    return [Finding("centre-disagreement", "noted", "", message)]
