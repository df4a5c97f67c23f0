"""The DICOM images that a label map was drawn on, found by where they lie."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from cmr_ssl.machine import raise_if_machine

Array = NDArray[np.float64]

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
NEAR_MM, TURNED = 0.1, 1e-3  # how far an image may lie from its slice: position, direction times pixel size
PLACED = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns", "SeriesInstanceUID")


def read_headers(folder: Path) -> list[Dataset]:
    """Return the headers of all images of a study that say where they lie, without pixels.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if the images are of several studies or persons.
    """
    headers = [header for path in sorted(folder.rglob("*")) if path.is_file() for header in _header(path)]
    if not headers:
        raise FileNotFoundError(f"{folder} holds no DICOM image of one frame that says where it lies")
    studies = {(header.get("PatientID"), header.get("StudyInstanceUID")) for header in headers}
    if len(studies) > 1:
        raise ValueError(f"{folder} holds images of {len(studies)} studies: name the folder of one")
    return headers


def _header(path: Path) -> Iterable[Dataset]:
    try:
        header = dcmread(path, stop_before_pixels=True)
    except InvalidDicomError:
        return []
    except OSError as error:
        raise_if_machine(error)
        return []
    return [header] if all(name in header for name in PLACED) else []


def sources_of(headers: list[Dataset], affine: Array, shape: tuple[int, ...], where: str) -> list[list[Dataset]]:
    """Return the image of each slice and frame of a label map.

    Args:
        headers: of the study's images.
        affine: voxel (column, row, slice, 1) to RAS+ mm, (4, 4).
        shape: (T, S, Y, X).
        where: name of the view, for errors.

    Returns:
        Headers, S lists of T.

    Raises:
        ValueError: if a slice has no series of T images, or several.
    """
    frames, slices, rows, columns = shape
    found = []
    for index in range(slices):
        plane = RAS_TO_LPS @ affine
        plane[:3, 3] += index * plane[:3, 2]
        series = defaultdict(list)
        for header in headers:
            if (header.Rows, header.Columns) == (rows, columns) and _lies_at(header, plane):
                series[header.SeriesInstanceUID].append(header)
        fitting = [images for images in series.values() if len(images) == frames]
        if len(fitting) > 1:  # a scanner's own analysis lies on its images
            fitting = [images for images in fitting if "ORIGINAL" in images[0].get("ImageType", [])] or fitting
        if len(fitting) != 1:
            counts = ", ".join(str(len(images)) for images in series.values()) or "none"
            raise ValueError(
                f"{where}, slice {index}: {len(fitting)} series have {frames} images where it lies (images there: "
                f"{counts}): name the folder of the study it was drawn on, without repeated series"
            )
        found.append(sorted(fitting[0], key=_time))
    return found


def _lies_at(header: Dataset, plane: Array) -> bool:
    """Tell whether an image lies where a plane, pixel (column, row, 0, 1) to LPS+ mm, does."""
    directions = np.array(header.ImageOrientationPatient, dtype=np.float64).reshape(2, 3)
    down, along = (float(value) for value in header.PixelSpacing)
    steps = np.stack([directions[0] * along, directions[1] * down], axis=1)
    away = np.array(header.ImagePositionPatient, dtype=np.float64) - plane[:3, 3]
    return bool(np.abs(away).max() < NEAR_MM and np.abs(steps - plane[:3, :2]).max() < TURNED * max(down, along))


def _time(header: Dataset) -> tuple[float, int]:
    """Return when an image was taken within the beat, then its number."""
    return float(header.get("TriggerTime") or 0), int(header.get("InstanceNumber") or 0)
