"""Montages: rows of planes with names and marks."""

from collections.abc import Iterable, Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cmr_ssl.planes import VIEWS

Planes = NDArray[np.float32]

INK, PAPER, MARK, BLANK = (235, 235, 235), (12, 12, 14), (255, 96, 64), (28, 32, 58)
GAP, NAMES, TITLES = 3, 104, 16  # pixels: between tiles, for the names of rows, for the titles of columns


def montage(
    rows: Sequence[tuple[str, Iterable[Planes]]], titles: Sequence[str], marked: Sequence[bool], tile: int = 96
) -> Image.Image:
    """Draw rows of planes, as RGB.

    Args:
        rows: a name and planes from 0 to 1 each, grey (P, H, W) or red, green and blue (P, H, W, 3); NaN is drawn as a
            blank of its own colour. Planes of other sizes than their neighbours' are stretched.
        titles: of the planes.
        marked: planes to frame, for example dropped ones.
        tile: width of a plane in pixels.
    """
    step = tile + GAP
    canvas = Image.new("RGB", (NAMES + len(titles) * step, TITLES + len(rows) * step), PAPER)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(11)
    for column, (title, mark) in enumerate(zip(titles, marked, strict=True)):
        pen.text((NAMES + column * step + 2, 1), title, fill=MARK if mark else INK, font=font)
    for row, (name, planes) in enumerate(rows):
        top = TITLES + row * step
        pen.text((4, top + tile // 2 - 6), name, fill=INK, font=font)
        for column, plane in enumerate(planes):
            left = NAMES + column * step
            canvas.paste(tile_of(plane, tile), (left, top))
            if marked[column]:
                pen.rectangle((left, top, left + tile - 1, top + tile - 1), outline=MARK, width=2)
    return canvas


def tile_of(plane: Planes, size: int) -> Image.Image:
    """Turn a plane (H, W) or (H, W, 3) into a square tile; NaN becomes dark blue, unlike black."""
    rgb = np.broadcast_to(plane.reshape(*plane.shape[:2], -1), (*plane.shape[:2], 3))
    colours = (np.nan_to_num(rgb.clip(0, 1)) * 255).astype(np.uint8)
    colours[np.isnan(rgb[..., 0])] = BLANK
    return Image.fromarray(colours).resize((size, size), Image.Resampling.BILINEAR)


def stack(pictures: Sequence[Image.Image]) -> Image.Image:
    """Put pictures of the same width one below the other."""
    width, heights = pictures[0].width, [picture.height for picture in pictures]
    canvas = Image.new("RGB", (width, sum(heights)), PAPER)
    for picture, top in zip(pictures, np.cumsum([0, *heights[:-1]]), strict=True):
        canvas.paste(picture, (0, int(top)))
    return canvas


def gif(frames: Sequence[Image.Image], beat_ms: float = 1000.0) -> bytes:
    """Encode frames as an endless GIF that lasts one beat; those with a palette keep it."""
    stream = BytesIO()
    indexed = [frame if frame.mode == "P" else frame.quantize(128, dither=Image.Dither.NONE) for frame in frames]
    duration = max(20, round(beat_ms / len(frames)))
    indexed[0].save(stream, "GIF", save_all=True, append_images=indexed[1:], duration=duration, loop=0)
    return stream.getvalue()


def png(picture: Image.Image) -> bytes:
    """Encode a picture as PNG."""
    stream = BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def plane_titles(views: list[int]) -> list[str]:
    """Name planes by view, numbering those of which there are several."""
    names = [VIEWS[view] for view in views]
    return [name if names.count(name) == 1 else f"{name} {names[:i].count(name) + 1}" for i, name in enumerate(names)]
