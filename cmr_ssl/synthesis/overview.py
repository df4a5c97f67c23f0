"""Pictures of synthesised planes beside the acquired ones they were predicted from."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cmr_ssl.files import save
from cmr_ssl.inference.prepared import Prepared
from cmr_ssl.planes import normal
from cmr_ssl.report.montage import gif, montage, plane_titles, png, stack
from cmr_ssl.synthesis.plane_requests import RequestedStack

Cine = NDArray[np.uint8]
FEWEST = 6  # columns of a picture


def draw(folder: Path, heart: Prepared, stacks: list[RequestedStack], cines: list[Cine]) -> None:
    """Write ``synthetic.png``, end diastole over a frame near end systole, and the beat as ``synthetic.gif``.

    Args:
        folder: of the subject.
        heart: the acquired planes.
        stacks: where the synthesised planes lie.
        cines: what they show, (P, T, H, W) each; of a long stack a few planes are drawn, evenly spread.
    """
    columns = max(FEWEST, len(heart.planes.view))
    titles = [title for one in stacks for title in plane_places(one)]
    shown = np.linspace(0, len(titles) - 1, min(columns, len(titles))).round().astype(int)
    synthetic = np.concatenate(cines)[shown]
    pictures = [
        stack(
            [
                row("acquired", heart.planes.images[:, frame], plane_titles(heart.planes.view.tolist()), columns),
                row("synthesised", synthetic[:, frame], [titles[index] for index in shown], columns),
            ]
        )
        for frame in range(synthetic.shape[1])
    ]
    beat = {"beat_ms": heart.beat_ms} if np.isfinite(heart.beat_ms) else {}
    still, moving = png(stack([pictures[0], pictures[len(pictures) // 3]])), gif(pictures, **beat)
    name = stacks[0].name if len(stacks) == 1 else "synthetic_la"
    save(folder / f"{name}.png", still)
    save(folder / f"{name}.gif", moving)


def row(name: str, planes: Cine, titles: list[str], columns: int) -> Image.Image:
    """Draw planes (P, H, W) beside each other, the rest of `columns` blank."""
    blank = columns - len(planes)
    shown = np.concatenate([planes / 255, np.full((blank, *planes.shape[1:]), np.nan)]).astype(np.float32)
    return montage([(name, shown)], titles + [""] * blank, [False] * columns)


def plane_places(placed: RequestedStack) -> list[str]:
    """Return where the planes of a stack lie: along their normal, or its name for a single plane."""
    if placed.slices == 1:
        return [placed.name.removeprefix("synthetic_").replace("_", " ")]
    affines = placed.planes()
    up = normal(affines[0]) * np.sign(normal(affines[0])[2] or 1.0)
    return [f"{plane[:3, 3] @ up:+.0f} mm" for plane in affines]
