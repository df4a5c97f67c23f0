"""Thumbnails of a map's subjects: the middle short-axis slice at end-diastole, small enough for thousands in a page."""

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track

from cmr_ssl.preparation.cache import read_settings, subject_file
from cmr_ssl.qc.crops import middle_image

SIZE, QUALITY = 64, 45  # pixels, of WebP: 0.6 to 1 kB
SHARE = 0.75  # of the crop's width that is shown, around its middle
MOST_SUBJECTS = 30_000  # with pictures; together they take about 30 MB


class Thumbnails(NamedTuple):
    """Pictures of subjects, and what is missing."""

    pictures: list[str]  # WebP in base 64, "" for subjects without one; empty without any
    note: str  # a sentence on what is missing; "" if nothing is


def read_thumbnails(cache: Path, subjects: Sequence[str]) -> Thumbnails:
    """Return a picture of each subject that has a readable file in a cache; none where there are too many subjects.

    Raises:
        FileNotFoundError: if the folder is no cache.
        MachineFault: if the machine failed, not a file.
        ValueError: if the cache has none of the subjects.
    """
    read_settings(cache)
    if len(subjects) > MOST_SUBJECTS:
        return Thumbnails([], f"No thumbnails: there are {len(subjects)} subjects, and a page holds {MOST_SUBJECTS}.")
    pictures = [_picture(subject_file(cache, subject)) for subject in track(subjects, "drawing", transient=True)]
    without = [subject for subject, picture in zip(subjects, pictures, strict=True) if not picture]
    if len(without) == len(subjects):
        raise ValueError(
            f"{cache} has a readable file of none of the {len(subjects)} subjects, such as {subjects[0]}: name the "
            "cache that was embedded"
        )
    note = f"{len(without)} subjects have no thumbnail: the cache has no readable file of them." if without else ""
    return Thumbnails(pictures, note)


def _picture(path: Path) -> str:
    try:
        image, _ = middle_image(path)
    except ValueError:  # missing or damaged
        return ""
    return b64encode(thumbnail(image)).decode()


def thumbnail(image: NDArray[np.uint8]) -> bytes:
    """Return the middle of an image (H, W) as WebP."""
    height, width = image.shape
    box = (width * (1 - SHARE) / 2, height * (1 - SHARE) / 2, width * (1 + SHARE) / 2, height * (1 + SHARE) / 2)
    small = Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=box)
    stream = BytesIO()
    small.save(stream, "WEBP", quality=QUALITY, method=4)
    return stream.getvalue()
