"""An examination of two tiny views, and how the tests read an archive back."""

import io
import zipfile
from datetime import datetime

import numpy as np
import pydicom

from cmr_ssl.phantom.examination import Exam
from cmr_ssl.phantom.prescription import Prescription
from cmr_ssl.phantom.series_pixels import AcquiredSeries
from cmr_ssl.planes import LONG_AXIS

EXAM = Exam(7, "900000001", 2, datetime(2015, 8, 30, 9, 5, 7), 1000.0)
FRAMES, ROWS, COLUMNS = 4, 5, 6
AFFINE = np.array([[0.0, -2.0, 0.0, 10.0], [3.0, 0.0, 0.0, -20.0], [0.0, 0.0, 10.0, 30.0], [0.0, 0.0, 0.0, 1.0]])


def view(name, slices=1) -> AcquiredSeries:
    """Return a series whose pixels all differ."""
    count = FRAMES * slices * ROWS * COLUMNS
    pixels = np.arange(count, dtype=np.int16).reshape(FRAMES, slices, ROWS, COLUMNS)
    plan = Prescription(name, AFFINE, (COLUMNS, ROWS, slices), 8.0)
    return AcquiredSeries(plan, pixels, np.ones(pixels.shape, np.uint8), np.zeros((slices, 3)))


def series() -> list[AcquiredSeries]:
    """Return a short axis of three slices and the long-axis views."""
    return [view("sa", 3), *(view(name) for name in LONG_AXIS)]


def files(content: bytes) -> dict[str, bytes]:
    """Return names and contents of a zip's members, in their order."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def images(content: bytes) -> list[pydicom.Dataset]:
    """Return the DICOM images of a zip, in their order."""
    return [pydicom.dcmread(io.BytesIO(data)) for name, data in files(content).items() if name.endswith(".dcm")]
