"""One study at a glance."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cmr_ssl.anatomy import UNLABELLED
from cmr_ssl.planes import VIEWS
from cmr_ssl.report.montage import montage, stack
from cmr_ssl.report.overlays import legend, paint
from cmr_ssl.study import Series, Study, check_study

MOST_SLICES = 6  # of a stack that are drawn, evenly spread
DARKEST, BRIGHTEST = 0.5, 99.5  # percent of the pixels of a view
TILE = 144  # pixels
SYSTOLE = 3  # a third of the beat after ED, near ES


def plot(study: Study, labels: Mapping[str, NDArray[np.uint8]] | None = None) -> Image.Image:
    """Draw the planes of a study at ED and near ES, with label maps laid over them; a notebook shows the picture.

    Args:
        study: as read.
        labels: classes on the grid of its images, (X, Y, S, T), by view, such as `maps` of what a model segments; None
            for the study's own labels, if it has any.

    Raises:
        TypeError: if it is no study.
        ValueError: if the study has no images.
    """
    check_study(study)
    if not study.series:
        raise ValueError(f"study {study.subject} has no images to draw: {study!r}")
    label_maps = study.labels if labels is None else labels
    titles: list[str] = []
    rows: dict[str, list[NDArray[np.float32]]] = {"first frame": [], "near ES": []}
    for series in sorted(study.series, key=lambda series: VIEWS.index(series.view)):
        count, frames = series.pixels.shape[2:]
        shown = np.linspace(0, count - 1, min(count, MOST_SLICES)).round().astype(int).tolist()
        titles += [series.view if count == 1 else f"{series.view} {index}" for index in shown]
        systole = frames // SYSTOLE or frames - 1  # of a pair, ES itself
        for row, frame in zip(rows.values(), (0, systole), strict=True):
            row += [_tile(series, index, frame, label_maps.get(series.view)) for index in shown]
    picture = montage([*rows.items()], titles, [False] * len(titles), TILE)
    return stack([picture, legend(picture.width)]) if label_maps else picture


def _tile(series: Series, index: int, frame: int, labels: NDArray[np.uint8] | None) -> NDArray[np.float32]:
    """Return one slice of a frame as a square picture with its labels, (N, N, 3), from 0 to 1."""
    cine = np.nan_to_num(series.pixels[:, :, index].astype(np.float32), posinf=0, neginf=0)
    darkest, brightest = np.percentile(cine, (DARKEST, BRIGHTEST))
    grey = (255 * (cine[..., frame].T - darkest) / max(brightest - darkest, 1e-6)).clip(0, 255).astype(np.uint8)
    classes = np.zeros_like(grey) if labels is None else labels[:, :, index, frame].T
    if (classes == UNLABELLED).all():
        classes = np.zeros_like(grey)
    coloured = paint(grey[None], classes[None])[0]
    rows, columns = ((max(grey.shape) - size) // 2 for size in grey.shape)
    return np.pad(coloured, ((rows, rows), (columns, columns), (0, 0)))
