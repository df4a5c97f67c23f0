"""The beating heart with its predicted borders, as one animated picture in which all planes beat together."""

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
MARGIN_MM = 22.0  # around what is labelled
DARKEST, BRIGHTEST = 0.5, 99.5  # percent of the pixels of a view
HALF_LINE = 0.9  # pixels, half of a border's width
SMOOTH = 0.7  # pixels of the image, so that borders do not show their corners
QUALITY = 55  # of WebP
TITLES = {SHORT_AXIS: "short axis", "la_2ch": "2-chamber", "la_3ch": "3-chamber", "la_4ch": "4-chamber"}
DEFAULT_BEAT_MS = 1000.0
PAPER, INK = (10, 12, 16), (214, 220, 228)


class Tile(NamedTuple):
    """One plane over time.

    Attributes:
        title: to stand in the picture.
        grey: intensities 0 to 1, (T, Y, X).
        labels: classes, (T, Y, X).
        box: left, top, right, bottom of the square around the heart, pixels.
    """

    title: str
    grey: Colours
    labels: Labels
    box: tuple[float, float, float, float]


def tiles(study: Study, heart: LabelledHeart) -> list[Tile]:
    """Return basal, mid and apical slice and the long axes, as far as they were imaged and labelled."""
    series = {one.view: one for one in study.series}
    found = []
    for view in (SHORT_AXIS, *LONG_AXIS):
        if view in series and view in heart.views:
            labels = heart.views[view].map
            if labels.labels.shape[::-1] == series[view].pixels.shape:
                found += _tiles_of(series[view], labels)
    return found


def _tiles_of(series: Series, view: LabelMap) -> list[Tile]:
    box = around(view)
    if box is None:
        return []
    grey = windowed(series.pixels)
    chosen = {view_title(series.view): 0} if series.view != SHORT_AXIS else levels(view)
    return [Tile(title, _plane(grey, index), _labels(view, index), box) for title, index in chosen.items()]


def levels(view: LabelMap) -> dict[str, int]:
    """Return a basal, a mid and an apical slice of a stack by the extent of its LV at the first labelled frame."""
    drawn = (view.labels == LV).any(axis=(2, 3))
    frames = np.flatnonzero(drawn.any(axis=1))
    if not len(frames):
        return {}
    slices = np.flatnonzero(drawn[frames[0]])
    if view.affine[:3, 2] @ apex_to_base(view) < 0:
        slices = slices[::-1]  # from apex to base
    return {f"short axis, {name}": int(slices[int(at * len(slices))]) for name, at in zip(LEVELS, SLICES, strict=True)}


def view_title(view: str) -> str:
    """Return a view's name as a reader says it."""
    return TITLES.get(view, view)


def windowed(pixels: NDArray[np.generic]) -> Colours:
    """Return intensities 0 to 1 between the darkest and the brightest half percent, (X, Y, S, T)."""
    cine = np.nan_to_num(pixels.astype(np.float32), posinf=0, neginf=0)
    darkest, brightest = np.percentile(cine[::2, ::2, :, ::4], (DARKEST, BRIGHTEST))
    return ((cine - darkest) / max(float(brightest - darkest), 1e-6)).clip(0, 1)


def around(view: LabelMap) -> tuple[float, float, float, float] | None:
    """Return the square around everything that is labelled in a view, in pixels; None where nothing is."""
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


def frames(shown: list[Tile], count: int) -> Iterator[Image.Image]:
    """Draw all tiles side by side at each of `count` times of the beat."""
    rows = -(-len(shown) // COLUMNS)
    columns = min(COLUMNS, len(shown))
    step = TILE + GAP
    font = ImageFont.load_default(14)
    for frame in range(count):
        canvas = Image.new("RGB", (columns * step - GAP, rows * step - GAP), PAPER)
        pen = ImageDraw.Draw(canvas)
        for place, tile in enumerate(shown):
            at = int(nearest_frames(count, len(tile.grey))[frame])
            left, top = place % columns * step, place // columns * step
            canvas.paste(drawn(tile, at), (left, top))
            pen.text((left + 8, top + 6), tile.title, fill=INK, font=font, stroke_width=1, stroke_fill=PAPER)
        yield canvas


def drawn(tile: Tile, frame: int) -> Image.Image:
    """Draw one plane at one frame with the borders of its structures."""
    grey = _enlarged(tile.grey[frame], tile.box)
    picture = np.repeat(grey[..., None].clip(0, 1), 3, axis=-1)
    for value, inside in structures(tile.labels[frame]):
        border = outline(_enlarged(gaussian_filter(inside.astype(np.float32), SMOOTH), tile.box))
        colour = np.array(COLOURS[value], dtype=np.float32) / 255
        picture += border[..., None] * (colour - picture)
    return Image.fromarray((picture * 255).astype(np.uint8))


def structures(labels: Labels) -> list[tuple[int, NDArray[np.bool_]]]:
    """Return what is outlined of a frame (Y, X), in the order of drawing: the LV last, its wall with the cavity in it.

    So the wall shows one line, the epicardium, and the endocardium is the cavity's.
    """
    inside = {value: labels == value for value in (MYOCARDIUM, RV, LA, RA, LV)}
    if inside[MYOCARDIUM].any():
        inside[MYOCARDIUM] = inside[MYOCARDIUM] | inside[LV]
    return [(value, one) for value, one in inside.items() if one.any()]


def outline(inside: Colours) -> Colours:
    """Return how strongly a border is drawn, 0 to 1, where a share of a structure (H, W) passes one half."""
    slope = np.hypot(*np.gradient(inside))
    away = np.abs(inside - 0.5) / np.maximum(slope, 1e-3)  # pixels from the border
    return np.asarray((HALF_LINE + 0.5 - away).clip(0, 1), dtype=np.float32)


def _enlarged(plane: Colours, box: tuple[float, float, float, float]) -> Colours:
    """Cut a box, which may reach beyond the plane, and stretch it smoothly to a tile."""
    left, top = int(np.floor(box[0])), int(np.floor(box[1]))
    right, bottom = int(np.ceil(box[2])), int(np.ceil(box[3]))
    height, width = plane.shape
    pads = [max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width)]
    padded = np.pad(plane, ((pads[0], pads[1]), (pads[2], pads[3])))
    offset = np.array([pads[2], pads[0], pads[2], pads[0]])
    cut = tuple((np.array(box) + offset).tolist())
    stretched = Image.fromarray(padded).resize((TILE, TILE), Image.Resampling.BICUBIC, box=cut)
    return np.asarray(stretched, dtype=np.float32)


def _plane(grey: Colours, index: int) -> Colours:
    return np.ascontiguousarray(grey[:, :, index].transpose(2, 1, 0))


def _labels(view: LabelMap, index: int) -> Labels:
    return np.ascontiguousarray(view.labels[:, index])


def webp(pictures: Iterable[Image.Image], beat_ms: float) -> bytes:
    """Encode pictures as an endless animation that lasts one beat."""
    first, *others = pictures
    beat = beat_ms if np.isfinite(beat_ms) else DEFAULT_BEAT_MS
    stream = BytesIO()
    options = {"save_all": True, "append_images": others, "loop": 0, "quality": QUALITY, "method": 1}
    first.save(stream, "WEBP", duration=max(10, round(beat / (1 + len(others)))), **options)
    return stream.getvalue()


def still(picture: Image.Image) -> bytes:
    """Encode one picture."""
    stream = BytesIO()
    picture.save(stream, "WEBP", quality=QUALITY)
    return stream.getvalue()


def legend() -> list[tuple[str, str]]:
    """Return name and colour of every structure."""
    return [(name, "#{:02x}{:02x}{:02x}".format(*colour)) for name, colour in zip(CLASSES, COLOURS, strict=True)][1:]
