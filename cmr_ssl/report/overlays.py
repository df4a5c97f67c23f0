"""Label maps laid over the images they belong to."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cmr_ssl.anatomy import BACKGROUND, CLASSES, COLOURS, UNLABELLED
from cmr_ssl.files import save
from cmr_ssl.report.montage import BLANK, INK, NAMES, PAPER, gif, montage, png, stack

Images = NDArray[np.uint8]
Colours = NDArray[np.float32]

OPACITY = 0.45
STILL, MOVING = 144, 96  # sides of a tile in pixels
LEGEND = 20  # pixels, height
PALETTE = np.array(COLOURS, dtype=np.float32) / 255
GREYS, SHADES = 48, 14  # colours of a GIF: of the image, of each structure


def overlay(
    path: Path, images: Images, predicted: Images, true: Images | None, titles: Sequence[str], frames: Sequence[int]
) -> None:
    """Draw some frames of all planes as PNG: the image, the true labels if there are any, and the predicted ones.

    Args:
        path: file to write.
        images: intensities, (P, T, H, W).
        predicted: classes of `anatomy`, (P, T, H, W).
        true: the same, or None; planes without labels at a frame are left blank.
        titles: of the planes.
        frames: to draw, for example ED and ES.
    """
    pictures = [_picture(images, predicted, true, titles, frame, STILL) for frame in frames]
    save(path, png(stack([*pictures, legend(pictures[0].width)])))


def overlay_gif(
    path: Path,
    images: Images,
    predicted: Images,
    true: Images | None,
    titles: Sequence[str],
    beat_ms: float = 1000.0,
) -> None:
    """Draw the beating heart as GIF; see `overlay`. True labels are left out unless every frame has some."""
    if true is not None and not (true != UNLABELLED).any(axis=(0, 2, 3)).all():
        true = None  # they would flicker
    pictures = [_picture(images, predicted, true, titles, frame, MOVING) for frame in range(images.shape[1])]
    names = legend(pictures[0].width)
    save(path, gif([_few_colours(stack([picture, names])) for picture in pictures], beat_ms))


def paint(image: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Colours:
    """Lay transparent labels (P, H, W), classes of `anatomy`, over planes (P, H, W).

    Returns:
        Red, green and blue from 0 to 1, (P, H, W, 3); NaN on unlabelled planes.
    """
    classes = np.where(labels == UNLABELLED, BACKGROUND, labels)
    share = OPACITY * (classes != BACKGROUND)[..., None]
    colours = _grey(image) * (1 - share) + PALETTE[classes] * share
    colours[(labels == UNLABELLED).all(axis=(1, 2))] = np.nan
    return colours.astype(np.float32)


def _grey(image: NDArray[np.uint8]) -> Colours:
    return np.repeat(image[..., None].astype(np.float32) / 255, 3, axis=-1)


def _picture(
    images: Images, predicted: Images, true: Images | None, titles: Sequence[str], frame: int, tile: int
) -> Image.Image:
    """Draw one frame."""
    rows = [(f"frame {frame}", _grey(images[:, frame]))]
    rows += [] if true is None else [("true", paint(images[:, frame], true[:, frame]))]
    rows += [("predicted", paint(images[:, frame], predicted[:, frame]))]
    return montage(rows, titles, [False] * len(titles), tile)


def _few_colours(picture: Image.Image) -> Image.Image:
    """Return a picture in fewer than 128 colours, the same for every frame, so that structures do not flicker."""
    greys = [np.full(3, grey) for grey in np.linspace(0, 1, GREYS)]
    shades = [grey * (1 - OPACITY) + colour * OPACITY for colour in PALETTE[1:] for grey in np.linspace(0, 1, SHADES)]
    rgb = np.rint(np.array([*greys, *shades, *PALETTE[1:], np.array(BLANK) / 255]) * 255).astype(np.uint8)
    palette = Image.new("P", (1, 1))
    palette.putpalette(rgb.tobytes())
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def legend(width: int) -> Image.Image:
    """Draw the names of the structures in their colours."""
    canvas = Image.new("RGB", (width, LEGEND), PAPER)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(11)
    left = float(NAMES)
    for name, colour in zip(CLASSES[1:], COLOURS[1:], strict=True):
        pen.rectangle((left, 5, left + 9, 14), fill=colour)
        pen.text((left + 14, 3), name, fill=INK, font=font)
        left += 26 + pen.textlength(name, font=font)
    return canvas
