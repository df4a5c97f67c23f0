"""Pictures of the page: thumbnails of planes with findings, and histograms."""

from html import escape

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.planes import VIEWS
from cmr_ssl.preparation.cache import PreparedSubject
from cmr_ssl.report.montage import montage, png

BINS, WIDTH, HEIGHT = 24, 260, 70
STRONG = 60.0  # grey levels of change over the beat that are drawn white


def thumbnail(prepared: PreparedSubject, plane: int) -> bytes:
    """Return a PNG of a plane between its neighbours of the same view: first frame, a third later, and SD over time."""
    same = np.flatnonzero(prepared.view == prepared.view[plane])
    planes = same[np.abs(same - plane) <= 1]
    images = prepared.images[planes].astype(np.float32)  # (P, T, H, W)
    third = images.shape[1] // 3
    changes = (images.std(axis=1) / STRONG).clip(0, 1)
    rows = [("first frame", images[:, 0] / 255), ("a third later", images[:, third] / 255), ("changes", changes)]
    titles = [f"{VIEWS[prepared.view[index]]} {prepared.slice[index]}" for index in planes]
    return png(montage(rows, titles, (planes == plane).tolist(), tile=112))


def histogram(title: str, values: NDArray[np.float64], limit: float | None = None) -> str:
    """Return an SVG histogram of values (N,), NaN left out, with a line at `limit`."""
    known = values[np.isfinite(values)]
    if not len(known):
        return ""
    shown = known if limit is None else [*known, limit]
    low, high = float(np.min(shown)), float(np.max(shown))
    high = high if high > low else low + 1.0
    counts, _ = np.histogram(known, BINS, (low, high))
    step = WIDTH / BINS
    bars = "".join(
        f'<rect x="{index * step:.1f}" y="{HEIGHT - height:.1f}" width="{step - 1:.1f}" height="{height:.1f}"/>'
        for index, height in enumerate(HEIGHT * counts / counts.max())
    )
    line = (limit - low) / (high - low) * WIDTH if limit is not None else -9.0
    return (
        f'<figure><svg width="{WIDTH}" height="{HEIGHT}">{bars}<line x1="{line:.1f}" x2="{line:.1f}" y1="0" '
        f'y2="{HEIGHT}"/></svg><figcaption>{escape(title)}: {low:.4g} to {high:.4g}, median {np.median(known):.4g}, '
        f"N {len(known)}</figcaption></figure>"
    )
