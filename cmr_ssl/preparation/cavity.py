"""Find the left ventricle in a stack of a few frames by its appearance: a round bright spot in a dark ring.

Two frames that were scaled separately differ everywhere, so that changes do not locate the heart. Therefore every image
is first replaced by the ranks of its pixels, which scaling does not change. Places are scored by their similarity to
the cavity at end-diastole and at end-systole, by darkening in between, and by the distance from the middle of the
image, where operators place the heart. The scores are the logarithm of a likelihood:

    log p(x) = sum_i WEIGHT_i feature_i(x) - NEAR log(1 + (distance of x from the middle / NEAR_MM)^2) + const
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cmr_ssl.planes import spacing, to_mm, to_pixels
from cmr_ssl.study import Series

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

GRID_MM = 4.0  # approximate grid of the search
QUIET_MM = 3.0  # smoothing against noise
SURROUND = 1.8  # times as wide as the spot: the wall around it
FLAT = 0.05  # of all ranks; what varies less than this is flat
SLOW_MM = 30.0  # slower changes of brightness come from the coils
CHANGE_MM = 14.0  # about a cavity's radius

# Fitted (softmax over the places of an image, target 5 mm wide) on half of ACDC's patients: ED and ES as they are, each
# image with its own window and gamma, slices shifted by up to 4 mm between ED and ES, hearts of half the size, and
# crops with the heart off centre. Spot size (mm) to weight; other data sets were used for testing only.
ED_SPOTS = {7.0: 1.43, 10.0: 3.09, 14.0: 2.79, 19.0: 2.16}
ES_SPOTS = {7.0: 1.41, 10.0: 3.14, 14.0: 2.16}
DARKENS, BRIGHT, NEAR = 0.72, 1.62, 1.29
NEAR_MM = 25.0
PEAK_MM = 12.0  # places around the likeliest one that are averaged
SURE_MM = 20.0  # places this near are the same answer


class Cavity(NamedTuple):
    """The place of the left ventricle.

    Attributes:
        centre: scanner mm, (3,).
        sure: probability that it lies within `SURE_MM` of the centre in its plane, 0..1.
    """

    centre: Array
    sure: float


def find_cavity(series: Series, middle: Array | None = None) -> Cavity:
    """Find the left ventricle in a short axis of a few frames, the first of them end-diastole.

    Args:
        series: at least two frames, and one slice that was acquired at most of them.
        middle: expected place of the heart, scanner mm, (3,); the middle of the image by default.
    """
    pixel_mm = spacing(series.affine)
    means, pixels = coarse_blocks(series)
    scores = _looks(ranks(means), pixel_mm * _block(series))
    places = pixels * pixel_mm
    expected = (np.array(series.pixels.shape[:2]) - 1) / 2
    if middle is not None:
        expected = to_pixels(series.affine, middle[None])[0]
    level = scores.mean(axis=2).ravel()
    likely = _likelihood(level - NEAR * np.log1p((_apart(places, expected * pixel_mm) / NEAR_MM) ** 2))
    # The expected place selects the peak; the image alone determines its exact position.
    peak = places[likely.argmax()]
    for _ in range(10):
        peak = _mean_around(places, peak, likely)
    place = _mean_around(places, peak, _likelihood(level))
    height = _height(scores.reshape(len(places), -1), _around(places, place), whole_slices(series))
    centre = to_mm(series.affine, (place / pixel_mm)[None])[0] + height * series.affine[:3, 2]
    return Cavity(centre, float(likely[_apart(places, place) < SURE_MM].sum()))


def coarse_blocks(series: Series) -> tuple[Floats, Array]:
    """Return the means over blocks of about `GRID_MM` of the slices that were acquired, and the blocks' centres.

    Returns:
        Means, (X, Y, S, T), and centres in pixels (column, row), (X * Y, 2).
    """
    step = _block(series)
    means = block_means(series.pixels[:, :, whole_slices(series)], step)
    columns, rows = ((np.arange(size) + 0.5) * by - 0.5 for size, by in zip(means.shape[:2], step, strict=True))
    return means, np.stack(np.meshgrid(columns, rows, indexing="ij"), axis=-1).reshape(-1, 2)


def whole_slices(series: Series) -> NDArray[np.intp]:
    """Return the slices that were acquired at most frames."""
    return np.flatnonzero(series.acquired.mean(axis=1) > 0.5)


def block_means(pixels: NDArray[np.generic], step: NDArray[np.intp]) -> Floats:
    """Return means over blocks of `step` columns and rows, (X // step, Y // step, S, T)."""
    columns, rows = (size // by for size, by in zip(pixels.shape[:2], step, strict=True))
    whole = pixels[: columns * step[0], : rows * step[1]]
    blocks = whole.reshape(columns, step[0], rows, step[1], *pixels.shape[2:])
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))


def ranks(images: Floats) -> Floats:
    """Replace every image of (X, Y, S, T) by the ranks of its pixels, 0..1; equal pixels have equal ranks."""
    ranked = np.empty_like(images)
    for index in np.ndindex(images.shape[2:]):
        image = images[:, :, *index]
        ordered = np.sort(image, axis=None)
        below, upto = np.searchsorted(ordered, image, "left"), np.searchsorted(ordered, image, "right")
        ranked[:, :, *index] = (below + upto) / (2 * image.size)
    return ranked


def spots(images: Floats, sigma: tuple[float, float]) -> Floats:
    """Return how much brighter round spots are than their surround, in its standard deviations, (X, Y, S)."""
    inner, outer = (*sigma, 0), (SURROUND * sigma[0], SURROUND * sigma[1], 0)
    mean = gaussian_filter(images, outer, mode="nearest")
    variance = (gaussian_filter(images**2, outer, mode="nearest") - mean**2).clip(min=0)
    return np.asarray((gaussian_filter(images, inner, mode="nearest") - mean) / np.sqrt(variance + FLAT**2))


def _block(series: Series) -> NDArray[np.intp]:
    return np.maximum(1, np.round(GRID_MM / spacing(series.affine))).astype(np.intp)


def _looks(ranked: Floats, pixel_mm: Array) -> Floats:
    """Return the weighted sum of all features but nearness, (X, Y, S)."""

    def smooth(images: Floats, width_mm: float) -> Floats:
        return np.asarray(gaussian_filter(images, (*(width_mm / pixel_mm), 0), mode="nearest"))

    diastole, systole = smooth(ranked[..., 0], QUIET_MM), smooth(ranked[..., 1:].mean(axis=3), QUIET_MM)
    total = BRIGHT * smooth(diastole, 10.0)
    for images, sizes in ((diastole, ED_SPOTS), (systole, ES_SPOTS)):
        for size, weight in sizes.items():
            total += weight * spots(images, tuple(size / pixel_mm))
    darker = diastole - systole
    darker -= smooth(darker, SLOW_MM)
    strength = darker.std(axis=(0, 1), keepdims=True) + 1e-3
    return np.asarray(total + DARKENS * smooth(darker, CHANGE_MM) / strength * (CHANGE_MM / 4))


def _likelihood(level: Array) -> Array:
    """Return exp(level), scaled to the sum one."""
    likely = np.exp(level - level.max())
    return np.asarray(likely / likely.sum())


def _mean_around(places: Array, place: Array, likely: Array) -> Array:
    weights = likely * _around(places, place)
    return np.asarray(weights @ places / weights.sum())


def _around(places: Array, place: Array) -> Array:
    return np.exp(-0.5 * (_apart(places, place) / PEAK_MM) ** 2)


def _apart(places: Array, place: Array) -> Array:
    """Return distances from a place, mm, (N,)."""
    return np.asarray(np.linalg.norm(places - place, axis=1))


def _height(scores: Floats, near: Array, slices: NDArray[np.intp]) -> float:
    """Return the mean slice, weighted by the score of the cavity's place in each."""
    weights = (near @ scores / near.sum()).clip(min=0) ** 2  # the square drops the ends, where little is visible
    return float(weights @ slices / weights.sum()) if weights.any() else float(slices.mean())
