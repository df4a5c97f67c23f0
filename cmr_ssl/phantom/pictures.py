"""Pictures of synthetic subjects for people to judge: a panel of planes, a beating GIF, a contact sheet."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cmr_ssl.anatomy import COLOURS
from cmr_ssl.phantom.person import PhantomStudy
from cmr_ssl.phantom.series_pixels import Acquired
from cmr_ssl.planes import SHORT_AXIS

Picture = NDArray[np.uint8]

PALETTE = np.array(COLOURS, dtype=np.float64)
OPACITY = 0.45
SLICES_SHOWN = (0.12, 0.3, 0.5, 0.7, 0.85)  # of the short-axis stack, from base to apex


class Look(NamedTuple):
    """How a panel looks: short-axis slices shown (0 base, 1 apex), side of a tile, part of the image it shows."""

    slices: tuple[float, ...]
    size: int
    part: float = 1.0


def panel(study: PhantomStudy, frame: int, labelled: bool, look: Look) -> Picture:
    """Return one row of square tiles at one frame: some short-axis slices, then the long-axis views."""
    tiles = []
    for item in study.series:
        shown = look.slices if item.plan.view == SHORT_AXIS else (0.0,)
        last = item.plan.shape[2] - 1
        tiles += [_tile(item, frame, round(at * last), labelled, look) for at in shown]
    return np.hstack(tiles)


def end_systole(study: PhantomStudy) -> int:
    """Return the frame of the smallest left ventricle."""
    return int(study.world.scene.heart.beat.lv.argmin())


def _tile(got: Acquired, frame: int, index: int, labelled: bool, look: Look) -> Picture:
    """Return one image, (size, size, 3): a square around the middle."""
    white = max(1.15 * float(np.percentile(got.pixels[:, index], 99.3)), 1.0)
    image = np.clip(got.pixels[frame, index] / white, 0, 1) * 255
    rgb = np.repeat(image[..., None], 3, axis=2)
    if labelled:
        labels = got.labels[frame, index]
        share = OPACITY * (labels > 0)[..., None]
        rgb = rgb * (1 - share) + PALETTE[labels] * share
    square = Image.fromarray(_square(rgb.astype(np.uint8), look.part))
    return np.asarray(square.resize((look.size, look.size), Image.Resampling.BICUBIC))


def _square(rgb: Picture, part: float) -> Picture:
    rows, columns = rgb.shape[:2]
    side = round(part * min(rows, columns))
    top, left = (rows - side) // 2, (columns - side) // 2
    return rgb[top : top + side, left : left + side]


def still(study: PhantomStudy, size: int) -> Picture:
    """Return end-diastole and end-systole, without and with labels, as four rows."""
    frames, look = (0, end_systole(study)), Look(SLICES_SHOWN, size)
    return np.vstack([panel(study, frame, labelled, look) for labelled in (False, True) for frame in frames])


def subject_rows(study: PhantomStudy) -> Picture:
    """Return one subject's part of a contact sheet: ED over ES, images left and labels right."""
    look = Look((0.15, 0.45, 0.75), 96, part=0.66)
    frames = (0, end_systole(study))
    return np.vstack([np.hstack([panel(study, at, labelled, look) for labelled in (False, True)]) for at in frames])


def write_sheet(path: Path, subjects: list[Picture]) -> None:
    """Write a contact sheet of what `subject_rows` gave, two subjects side by side."""
    if len(subjects) % 2:
        subjects = [*subjects, np.zeros_like(subjects[0])]
    pairs = [np.hstack(pair) for pair in zip(subjects[::2], subjects[1::2], strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.vstack(pairs)).save(path)


def check_preview(path: Path, overwrite: bool) -> None:
    """Check that a picture of one subject can be written to `path`.

    Raises:
        ValueError: if it is no PNG or GIF, or is there already and may not be replaced.
    """
    if path.suffix.lower() not in (".png", ".gif"):
        raise ValueError(f"a preview is a .png or a .gif, not {path.name!r}: change the file's ending")
    _check_absent(path, overwrite)


def check_sheet(path: Path, overwrite: bool) -> None:
    """Check that a contact sheet can be written to `path`.

    Raises:
        ValueError: if it is no PNG, or is there already and may not be replaced.
    """
    if path.suffix.lower() != ".png":
        raise ValueError(f"a contact sheet is a .png, not {path.name!r}: change the file's ending")
    _check_absent(path, overwrite)


def _check_absent(path: Path, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise ValueError(f"{path} exists: choose another name or pass --overwrite")


def write_preview(path: Path, study: PhantomStudy) -> None:
    """Write a PNG of ED and ES, or a GIF of the whole beat."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".png":
        Image.fromarray(still(study, 208)).save(path)
        return
    beat = study.world.scene.heart.beat
    look = Look(SLICES_SHOWN, 160)
    frames = [
        Image.fromarray(np.vstack([panel(study, t, labelled, look) for labelled in (False, True)]))
        for t in range(len(beat.lv))
    ]
    pause = max(20, 10 * round(beat.rr_ms / len(frames) / 10))  # GIFs count in hundredths of a second
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=pause, loop=0)
