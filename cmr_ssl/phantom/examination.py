"""An examination as stored by the scanner: one cine a breath-hold, each in a series of its own."""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.phantom.scanner import DEFAULT, Scanner
from cmr_ssl.phantom.series_pixels import AcquiredSeries
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS, slice_affine

Array = NDArray[np.float64]

LONG_AXIS_FIELD, SHORT_AXIS_FIELD = 20208, 20209
SHORT_AXIS_NAME = "CINE_segmented_SAX"
NAMES = dict(zip(LONG_AXIS, (f"CINE_segmented_LAX_{view}" for view in ("2Ch", "3Ch", "4Ch")), strict=True))
BREATH_HOLD_S = 30.0  # from the start of one to the start of the next
FIRST_TRY_S = 14.0  # from the start of a failed acquisition to its repetition
OPENED = datetime(2014, 5, 1)  # start of imaging
OPEN_DAYS = 1700
BETWEEN_VISITS_DAYS = (730, 1095)


class Exam(NamedTuple):
    """One visit of one subject to the scanner."""

    seed: int  # of the cohort
    subject: str  # the 9-digit id
    visit: int  # number of the visit in archives; 2 is the first with imaging
    start: datetime  # of the first cine
    rr_ms: float  # length of the beat
    scanner: Scanner = DEFAULT  # for the headers

    def uid(self, *part: object) -> str:
        """Return the DICOM UID of a part of the examination, the same for the same names."""
        path = "/".join(map(str, (self.seed, self.subject, self.visit, *part)))
        return f"2.25.{int.from_bytes(blake2b(path.encode(), digest_size=16).digest(), 'big')}"


class PhantomCine(NamedTuple):
    """One slice over one beat."""

    name: str  # of the cine, different for all cines of an examination
    series: str  # of the series it is filed in; several cines may share one
    description: str  # of that series, in the scanner's words
    started_s: float  # start in seconds after that of the first one
    affine: Array  # pixel (column, row, 0, 1) to patient mm, RAS+, (4, 4)
    thickness: float  # of the slice, mm
    pixels: NDArray[np.int16]  # grey values, (T, Y, X)
    labels: NDArray[np.uint8]  # classes of `anatomy`, (T, Y, X)
    analysed: bool = False  # whether it is the copy of an inline analysis, with its contours
    planned: bool = True  # False for failed acquisitions, copies and cines for another purpose
    lost: frozenset[int] = frozenset()  # frames whose file is missing


def draw_starts(rng: np.random.Generator, visits: int) -> list[datetime]:
    """Draw the start of each visit of a subject, in working hours and in the years of the study."""
    days = [int(rng.integers(OPEN_DAYS))]
    days += [days[0] + int(rng.integers(*BETWEEN_VISITS_DAYS)) for _ in range(visits - 1)]
    return [OPENED + timedelta(days=day, hours=8, seconds=int(rng.integers(10 * 3600))) for day in days]


def long_axis_cines(series: list[AcquiredSeries]) -> list[PhantomCine]:
    """Return the long-axis cines of an examination; a failed acquisition has the name of the repeated one."""
    cines = []
    for acquired in series:
        name = acquired.plan.view
        view = name.removesuffix("_first")
        if view in LONG_AXIS:
            started = BREATH_HOLD_S * (1 + LONG_AXIS.index(view)) - (0.0 if view == name else FIRST_TRY_S)
            cines.append(_cine(acquired, 0, name, NAMES[view], started)._replace(planned=view == name))
    return cines


def short_axis_cines(series: list[AcquiredSeries]) -> list[PhantomCine]:
    """Return the cines of the short axis from base to apex; each slice is a series, numbered from 1."""
    stack = next(acquired for acquired in series if acquired.plan.view == SHORT_AXIS)
    names = [f"{SHORT_AXIS_NAME}_b{number}" for number in range(1, stack.plan.shape[2] + 1)]
    first = BREATH_HOLD_S * (2 + len(LONG_AXIS))
    return [
        _cine(stack, index, f"{SHORT_AXIS}_{index + 1}", name, first + index * BREATH_HOLD_S)
        for index, name in enumerate(names)
    ]


def _cine(acquired: AcquiredSeries, index: int, name: str, description: str, started_s: float) -> PhantomCine:
    affine = slice_affine(acquired.plan.affine, index)
    pixels, labels = acquired.pixels[:, index], acquired.labels[:, index]
    return PhantomCine(name, name, description, started_s, affine, acquired.plan.thickness, pixels, labels)
