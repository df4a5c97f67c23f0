"""An examination as the scanner stores it: one cine a breath-hold, each in a series of its own, one after the other."""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.phantom.scanner import DEFAULT, Scanner
from cmr_ssl.phantom.series_pixels import Acquired
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS, slice_affine

Array = NDArray[np.float64]

LONG_AXIS_FIELD, SHORT_AXIS_FIELD = 20208, 20209
SHORT_AXIS_NAME = "CINE_segmented_SAX"
NAMES = dict(zip(LONG_AXIS, (f"CINE_segmented_LAX_{view}" for view in ("2Ch", "3Ch", "4Ch")), strict=True))
BREATH_HOLD_S = 30.0  # from the start of one to the start of the next
FIRST_TRY_S = 14.0  # a try that is made again starts so long before the good one
OPENED = datetime(2014, 5, 1)  # when imaging began
OPEN_DAYS = 1700
BETWEEN_VISITS_DAYS = (730, 1095)


class Exam(NamedTuple):
    """One visit of one subject to the scanner.

    Attributes:
        seed: of the cohort.
        subject: the 9-digit id.
        visit: number of the visit as archives count it; 2 is the first with imaging.
        start: when the first cine began.
        rr_ms: length of the beat.
        scanner: what headers say of it.
    """

    seed: int
    subject: str
    visit: int
    start: datetime
    rr_ms: float
    scanner: Scanner = DEFAULT

    def uid(self, *what: object) -> str:
        """Return a DICOM identifier that is always the same for the same part of the examination."""
        words = "/".join(map(str, (self.seed, self.subject, self.visit, *what)))
        return f"2.25.{int.from_bytes(blake2b(words.encode(), digest_size=16).digest(), 'big')}"


class PhantomCine(NamedTuple):
    """One slice over one beat.

    Attributes:
        name: of the cine, different for all cines of an examination.
        series: of the series it is filed in; several cines may share one.
        description: of that series, in the scanner's words.
        started_s: when it began, seconds after the first one.
        affine: pixel (column, row, 0, 1) to patient mm, RAS+, (4, 4).
        thickness: of the slice, mm.
        pixels: grey values, (T, Y, X).
        labels: classes of `anatomy`, (T, Y, X).
        analysed: whether it is the copy that an inline analysis files, with its contours.
        planned: False for what a study is not made of: first tries, copies, cines for another purpose.
        lost: frames whose file is not there.
    """

    name: str
    series: str
    description: str
    started_s: float
    affine: Array
    thickness: float
    pixels: NDArray[np.int16]
    labels: NDArray[np.uint8]
    analysed: bool = False
    planned: bool = True
    lost: frozenset[int] = frozenset()


def draw_starts(rng: np.random.Generator, visits: int) -> list[datetime]:
    """Draw when each visit of a subject was, in the working hours of a day in the years of the study."""
    days = [int(rng.integers(OPEN_DAYS))]
    days += [days[0] + int(rng.integers(*BETWEEN_VISITS_DAYS)) for _ in range(visits - 1)]
    return [OPENED + timedelta(days=day, hours=8, seconds=int(rng.integers(10 * 3600))) for day in days]


def long_axis_cines(series: list[Acquired]) -> list[PhantomCine]:
    """Return the long-axis cines of an examination; a first try of a view is named as the good one is."""
    cines = []
    for item in series:
        view = item.plan.view.removesuffix("_first")
        if view in LONG_AXIS:
            planned = view == item.plan.view
            started = BREATH_HOLD_S * (1 + LONG_AXIS.index(view)) - (0.0 if planned else FIRST_TRY_S)
            cines.append(_cine(item, 0, item.plan.view, NAMES[view], started)._replace(planned=planned))
    return cines


def short_axis_cines(series: list[Acquired]) -> list[PhantomCine]:
    """Return the cines of the short axis from base to apex; each slice is a series, numbered from 1."""
    stack = next(item for item in series if item.plan.view == SHORT_AXIS)
    names = [f"{SHORT_AXIS_NAME}_b{number}" for number in range(1, stack.plan.shape[2] + 1)]
    first = BREATH_HOLD_S * (2 + len(LONG_AXIS))
    return [
        _cine(stack, index, f"{SHORT_AXIS}_{index + 1}", name, first + index * BREATH_HOLD_S)
        for index, name in enumerate(names)
    ]


def _cine(item: Acquired, index: int, name: str, description: str, started_s: float) -> PhantomCine:
    affine = slice_affine(item.plan.affine, index)
    pixels, labels = item.pixels[:, index], item.labels[:, index]
    return PhantomCine(name, name, description, started_s, affine, item.plan.thickness, pixels, labels)
