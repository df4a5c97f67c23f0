"""The beating heart with its predicted borders: all planes in one animated picture."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from cmr_ssl.anatomy import BACKGROUND, CLASSES, COLOURS, LA, LV, MYOCARDIUM, RA, RV, UNLABELLED
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS, spacing
from cmr_ssl.preparation.beat_frames import nearest_frames
from cmr_ssl.sources.label_folder import LabelledHeart
from cmr_ssl.study import Series, Study
from cmr_ssl.volumes import LabelMap, apex_to_base

Labels = NDArray[np.uint8]
Colours = NDArray[np.float32]

TILE, GAP, COLUMNS = 256, 4, 3  # pixels, pixels, tiles side by side
SLICES = (5 / 6, 1 / 2, 1 / 6)  # of the LV from apex to base: basal, mid, apical
LEVELS = ("basal", "mid", "apical")
MARGIN_MM = 22.0  # around the labelled pixels
DARKEST, BRIGHTEST = 0.5, 99.5  # percent of the pixels of a view
HALF_LINE = 0.9  # pixels, half of a border's width
SMOOTH = 0.7  # pixels of the image, so that borders do not show their corners
QUALITY = 55  # of WebP
TITLES = {SHORT_AXIS: "short axis", "la_2ch": "2-chamber", "la_3ch": "3-chamber", "la_4ch": "4-chamber"}
DEFAULT_BEAT_MS = 1000.0
PAPER, INK = (10, 12, 16), (214, 220, 228)


class CineTile(NamedTuple):
    """One plane over time."""

    title: str  # in the picture
    grey: Colours  # intensities 0 to 1, (T, Y, X)
    labels: Labels  # classes, (T, Y, X)
    box: tuple[float, float, float, float]  # left, top, right, bottom of the square around the heart, pixels


def tiles(study: Study, heart: LabelledHeart) -> list[CineTile]:
    """Return basal, mid and apical slice and the long axes, as far as they were imaged and labelled."""
    series_of = {series.view: series for series in study.series}
    shown = []
    for view in (SHORT_AXIS, *LONG_AXIS):
        if view in series_of and view in heart.views:
            series, label_map = series_of[view], heart.views[view].map
            if label_map.labels.shape[::-1] == series.pixels.shape:
                shown += _tiles_of(series, label_map)
    return shown


def _tiles_of(series: Series, label_map: LabelMap) -> list[CineTile]:
    box = bounding_square(label_map)
    if box is None:
        return []
    grey, labels = windowed(series.pixels).transpose(2, 3, 1, 0), label_map.labels.swapaxes(0, 1)  # (S, T, Y, X)
    slices = levels(label_map) if series.view == SHORT_AXIS else {view_title(series.view): 0}
    return [
        CineTile(title, np.ascontiguousarray(grey[index]), np.ascontiguousarray(labels[index]), box)
        for title, index in slices.items()
    ]


def levels(view: LabelMap) -> dict[str, int]:
    """Return a basal, a mid and an apical slice of a stack by the extent of its LV at the first labelled frame."""
    drawn = (view.labels == LV).any(axis=(2, 3))
    frames = np.flatnonzero(drawn.any(axis=1))
    if not len(frames):
        return {}
    slices = np.flatnonzero(drawn[frames[0]])
    if view.affine[:3, 2] @ apex_to_base(view) < 0:
        slices = slices[::-1]  # from apex to base
    return {
        f"short axis, {name}": int(slices[int(share * len(slices))]) for name, share in zip(LEVELS, SLICES, strict=True)
    }


def view_title(view: str) -> str:
    """Return a view's name in words."""
    return TITLES.get(view, view)


def windowed(pixels: NDArray[np.generic]) -> Colours:
    """Return intensities 0 to 1 between the darkest and the brightest half percent, (X, Y, S, T)."""
    cine = np.nan_to_num(pixels.astype(np.float32), posinf=0, neginf=0)
    darkest, brightest = np.percentile(cine[::2, ::2, :, ::4], (DARKEST, BRIGHTEST))
    return ((cine - darkest) / max(float(brightest - darkest), 1e-6)).clip(0, 1)


def bounding_square(view: LabelMap) -> tuple[float, float, float, float] | None:
    """Return left, top, right and bottom of the square around the labels of a view, pixels; None without labels."""
    drawn = ((view.labels != BACKGROUND) & (view.labels != UNLABELLED)).any(axis=(0, 1))
    if not drawn.any():
        return None
    rows, columns = np.nonzero(drawn)
    steps = spacing(view.affine)
    low = np.array([columns.min(), rows.min()]) * steps
    high = (np.array([columns.max(), rows.max()]) + 1) * steps
    middle, half = (low + high) / 2, float((high - low).max()) / 2 + MARGIN_MM
    left, top = (middle - half) / steps
    right, bottom = (middle + half) / steps
    return float(left), float(top), float(right), float(bottom)


def frames(shown: list[CineTile], count: int) -> Iterator[Image.Image]:
    """Draw all tiles side by side at each of `count` times of the beat."""
    rows = -(-len(shown) // COLUMNS)
    columns = min(COLUMNS, len(shown))
    step = TILE + GAP
    font = ImageFont.load_default(14)
    for frame in range(count):
        canvas = Image.new("RGB", (columns * step - GAP, rows * step - GAP), PAPER)
        pen = ImageDraw.Draw(canvas)
        for index, tile in enumerate(shown):
            nearest = int(nearest_frames(count, len(tile.grey))[frame])
            left, top = index % columns * step, index // columns * step
            canvas.paste(draw_tile(tile, nearest), (left, top))
            pen.text((left + 8, top + 6), tile.title, fill=INK, font=font, stroke_width=1, stroke_fill=PAPER)
        yield canvas


def draw_tile(tile: CineTile, frame: int) -> Image.Image:
    """Draw one plane at one frame with the borders of its structures."""
    grey = _enlarged(tile.grey[frame], tile.box)
    picture = np.repeat(grey[..., None].clip(0, 1), 3, axis=-1)
    for value, inside in structures(tile.labels[frame]):
        border = outline(_enlarged(gaussian_filter(inside.astype(np.float32), SMOOTH), tile.box))
        colour = np.array(COLOURS[value], dtype=np.float32) / 255
        picture += border[..., None] * (colour - picture)
    return Image.fromarray((picture * 255).astype(np.uint8))


def structures(labels: Labels) -> list[tuple[int, NDArray[np.bool_]]]:
    """Return class and mask of the structures of a frame (Y, X) in the order of drawing, the LV last.

    The wall includes the cavity, so that its outline is the epicardium alone.
    """
    masks = {value: labels == value for value in (MYOCARDIUM, RV, LA, RA, LV)}
    if masks[MYOCARDIUM].any():
        masks[MYOCARDIUM] = masks[MYOCARDIUM] | masks[LV]
    return [(value, mask) for value, mask in masks.items() if mask.any()]


def outline(inside: Colours) -> Colours:
    """Return the opacity of the line, 0 to 1, where the share of a structure (H, W) passes one half."""
    slope = np.hypot(*np.gradient(inside))
    distance = np.abs(inside - 0.5) / np.maximum(slope, 1e-3)  # pixels from the border
    return np.asarray((HALF_LINE + 0.5 - distance).clip(0, 1), dtype=np.float32)


def _enlarged(plane: Colours, box: tuple[float, float, float, float]) -> Colours:
    """Cut a box, which may reach beyond the plane, and stretch it smoothly to a tile."""
    left, top = int(np.floor(box[0])), int(np.floor(box[1]))
    right, bottom = int(np.ceil(box[2])), int(np.ceil(box[3]))
    height, width = plane.shape
    above, before = max(0, -top), max(0, -left)
    padded = np.pad(plane, ((above, max(0, bottom - height)), (before, max(0, right - width))))
    cut = tuple((np.array(box) + [before, above, before, above]).tolist())
    stretched = Image.fromarray(padded).resize((TILE, TILE), Image.Resampling.BICUBIC, box=cut)
    return np.asarray(stretched, dtype=np.float32)


def webp(pictures: Iterable[Image.Image], beat_ms: float) -> bytes:
    """Encode pictures as an endless animation that lasts one beat."""
    first, *others = pictures
    beat = beat_ms if np.isfinite(beat_ms) else DEFAULT_BEAT_MS
    stream = BytesIO()
    options = {"save_all": True, "append_images": others, "loop": 0, "quality": QUALITY, "method": 1}
    first.save(stream, "WEBP", duration=max(10, round(beat / (1 + len(others)))), **options)
    return stream.getvalue()


def legend() -> list[tuple[str, str]]:
    """Return name and colour of every structure."""
    return [(name, "#{:02x}{:02x}{:02x}".format(*colour)) for name, colour in zip(CLASSES, COLOURS, strict=True)][1:]
