"""Pictures of synthetic subjects: a panel of planes, a beating GIF, a contact sheet."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cmr_ssl.anatomy import COLOURS
from cmr_ssl.phantom.person import PhantomStudy
from cmr_ssl.phantom.series_pixels import AcquiredSeries
from cmr_ssl.planes import SHORT_AXIS

Picture = NDArray[np.uint8]

PALETTE = np.array(COLOURS, dtype=np.float64)
OPACITY = 0.45
SLICES_SHOWN = (0.12, 0.3, 0.5, 0.7, 0.85)  # of the short-axis stack, from base to apex


class PanelStyle(NamedTuple):
    """Style of a panel: short-axis slices (0 base, 1 apex), side of a tile in pixels, central part of the image."""

    slices: tuple[float, ...]
    size: int
    part: float = 1.0


def draw_panel(study: PhantomStudy, frame: int, labelled: bool, style: PanelStyle) -> Picture:
    """Return one row of square tiles at one frame: some short-axis slices, then the long-axis views."""
    tiles = []
    for series in study.series:
        shares = style.slices if series.plan.view == SHORT_AXIS else (0.0,)
        last = series.plan.shape[2] - 1
        tiles += [_tile(series, frame, round(share * last), labelled, style) for share in shares]
    return np.hstack(tiles)


def end_systole(study: PhantomStudy) -> int:
    """Return the frame of the smallest left ventricle."""
    return int(study.world.scene.heart.beat.lv.argmin())


def _tile(series: AcquiredSeries, frame: int, index: int, labelled: bool, style: PanelStyle) -> Picture:
    """Return one image, (size, size, 3): a square around the middle."""
    white = max(1.15 * float(np.percentile(series.pixels[:, index], 99.3)), 1.0)
    image = np.clip(series.pixels[frame, index] / white, 0, 1) * 255
    rgb = np.repeat(image[..., None], 3, axis=2)
    if labelled:
        labels = series.labels[frame, index]
        share = OPACITY * (labels > 0)[..., None]
        rgb = rgb * (1 - share) + PALETTE[labels] * share
    square = Image.fromarray(_square(rgb.astype(np.uint8), style.part))
    return np.asarray(square.resize((style.size, style.size), Image.Resampling.BICUBIC))


def _square(rgb: Picture, part: float) -> Picture:
    rows, columns = rgb.shape[:2]
    side = round(part * min(rows, columns))
    top, left = (rows - side) // 2, (columns - side) // 2
    return rgb[top : top + side, left : left + side]


def draw_still(study: PhantomStudy, size: int) -> Picture:
    """Return end-diastole and end-systole, without and with labels, as four rows."""
    frames, style = (0, end_systole(study)), PanelStyle(SLICES_SHOWN, size)
    return np.vstack([draw_panel(study, frame, labelled, style) for labelled in (False, True) for frame in frames])


def subject_rows(study: PhantomStudy) -> Picture:
    """Return one subject's part of a contact sheet: ED over ES, images left and labels right."""
    style = PanelStyle((0.15, 0.45, 0.75), 96, part=0.66)
    frames = (0, end_systole(study))
    return np.vstack(
        [np.hstack([draw_panel(study, frame, labelled, style) for labelled in (False, True)]) for frame in frames]
    )


def write_sheet(path: Path, subjects: list[Picture]) -> None:
    """Write a contact sheet of `subject_rows`, two subjects side by side."""
    if len(subjects) % 2:
        subjects = [*subjects, np.zeros_like(subjects[0])]
    pairs = [np.hstack(pair) for pair in zip(subjects[::2], subjects[1::2], strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.vstack(pairs)).save(path)


def check_preview(path: Path, overwrite: bool) -> None:
    """Check that a picture of one subject can be written to `path`.

    Raises:
        ValueError: if it is no PNG or GIF, or exists and must not be replaced.
    """
    _check(path, "preview", (".png", ".gif"), overwrite)


def check_sheet(path: Path, overwrite: bool) -> None:
    """Check that a contact sheet can be written to `path`.

    Raises:
        ValueError: if it is no PNG, or exists and must not be replaced.
    """
    _check(path, "contact sheet", (".png",), overwrite)


def _check(path: Path, kind: str, endings: tuple[str, ...], overwrite: bool) -> None:
    if path.suffix.lower() not in endings:
        raise ValueError(f"a {kind} is a {' or a '.join(endings)}, not {path.name!r}: change the file's ending")
    if path.exists() and not overwrite:
        raise ValueError(f"{path} exists: choose another name or pass --overwrite")


def write_preview(path: Path, study: PhantomStudy) -> None:
    """Write a PNG of ED and ES, or a GIF of the whole beat."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".png":
        Image.fromarray(draw_still(study, 208)).save(path)
        return
    beat = study.world.scene.heart.beat
    style = PanelStyle(SLICES_SHOWN, 160)
    frames = [
        Image.fromarray(np.vstack([draw_panel(study, t, labelled, style) for labelled in (False, True)]))
        for t in range(len(beat.lv))
    ]
    pause = max(20, 10 * round(beat.rr_ms / len(frames) / 10))  # GIFs count in hundredths of a second
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=pause, loop=0)
