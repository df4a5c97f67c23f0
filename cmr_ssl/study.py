"""What a source hands to preparing: one subject's series as they were acquired, plus what was found on the way."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Severity = Literal["noted", "repaired", "rejected"]


class Finding(NamedTuple):
    """One thing somebody should know about a subject: a stable code, how bad, where, and a sentence with values.

    What was measured stands once more as a number, for tables; None where nothing was.
    """

    code: str
    severity: Severity
    where: str  # view, or view and slice, or "" for the whole subject
    message: str
    value: float | None = None


@dataclass
class Series:
    """One view of a study as read: a stack of S parallel slices over T frames.

    Attributes:
        view: name of the view, one of ``planes.VIEWS``.
        pixels: intensities, (X, Y, S, T) with X columns and Y rows as NIfTI stores them.
        affine: voxel (column, row, slice, 1) to scanner mm, RAS+, (4, 4).
        frame_ms: time between frames, NaN where unknown.
        labels: classes of `anatomy`, (X, Y, S, T) uint8, 255 where nobody labelled; None without any label file.
        annotated: the classes the label file can name.
        stored: the affine as the file has it, where `affine` is a nominal one; its offset is NaN where unknown.
        acquired: (S, T) bool, False where a slice has no image at a frame.
    """

    view: str
    pixels: NDArray[np.generic]
    affine: NDArray[np.float64]
    frame_ms: float
    acquired: NDArray[np.bool_]
    labels: NDArray[np.uint8] | None = None
    annotated: tuple[int, ...] = ()
    stored: NDArray[np.float64] | None = None


@dataclass
class Study:
    """All series of one subject."""

    subject: str
    series: list[Series] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class Source(Protocol):
    """A place studies come from. Adding a data set means one file in `sources` with a class of this shape."""

    def subjects(self) -> list[str]:
        """Return the subject ids, sorted; raise with one clear sentence if there can be none."""

    def fingerprint(self, subject: str) -> str:
        """Return a short text that changes when the subject's files change (names, sizes, times; nothing is read)."""

    def read(self, subject: str) -> Study:
        """Read one subject; whatever is wrong with a series becomes a finding, not an exception."""
