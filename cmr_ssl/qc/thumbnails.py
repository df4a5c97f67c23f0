"""Pictures of the page: thumbnails of planes that were found, and histograms."""

from html import escape
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.planes import VIEWS
from cmr_ssl.preparation.cache import PreparedSubject
from cmr_ssl.report.montage import montage

BINS, WIDTH, HEIGHT = 24, 260, 70
STRONG = 60.0  # grey levels of change over the beat that are drawn white


def thumbnail(prepared: PreparedSubject, plane: int) -> bytes:
    """Return a PNG of a plane between its neighbours of the same view: first frame, mid-beat, and what changes."""
    same = np.flatnonzero(prepared.view == prepared.view[plane])
    beside = [int(other) for other in same if abs(int(other) - plane) <= 1]
    images = prepared.images[beside].astype(np.float32)
    middle = images.shape[1] // 3
    changes = (images.std(axis=1) / STRONG).clip(0, 1)
    rows = [("first frame", images[:, 0] / 255), ("a third later", images[:, middle] / 255), ("changes", changes)]
    titles = [f"{VIEWS[prepared.view[other]]} {prepared.slice[other]}" for other in beside]
    buffer = BytesIO()
    montage(rows, titles, [other == plane for other in beside], tile=112).save(buffer, "png")
    return buffer.getvalue()


def histogram(title: str, values: NDArray[np.float64], limit: float | None = None) -> str:
    """Return an SVG histogram of values (N,), NaN left out, with a line at `limit`."""
    known = values[np.isfinite(values)]
    if not len(known):
        return ""
    ends = [*known, limit] if limit is not None else known
    low, high = float(np.min(ends)), float(np.max(ends))
    high = high if high > low else low + 1.0
    counts, _ = np.histogram(known, BINS, (low, high))
    step = WIDTH / BINS
    bars = "".join(
        f'<rect x="{place * step:.1f}" y="{HEIGHT - tall:.1f}" width="{step - 1:.1f}" height="{tall:.1f}"/>'
        for place, tall in enumerate(HEIGHT * counts / counts.max())
    )
    line = (limit - low) / (high - low) * WIDTH if limit is not None else -9.0
    return (
        f'<figure><svg width="{WIDTH}" height="{HEIGHT}">{bars}<line x1="{line:.1f}" x2="{line:.1f}" y1="0" '
        f'y2="{HEIGHT}"/></svg><figcaption>{escape(title)}: {low:.4g} to {high:.4g}, median {np.median(known):.4g}, '
        f"N {len(known)}</figcaption></figure>"
    )
