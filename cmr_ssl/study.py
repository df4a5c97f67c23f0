"""What a source hands to preparing: one subject's series as they were acquired, plus what was found on the way."""

from dataclasses import dataclass, field, replace
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


@dataclass(repr=False)
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

    def __repr__(self) -> str:
        """Describe the series in one line."""
        columns, rows, slices, frames = self.pixels.shape
        spacing = " x ".join(f"{step:.3g}" for step in np.linalg.norm(self.affine[:3, :3], axis=0))
        time = f", {self.frame_ms:.3g} ms a frame" if np.isfinite(self.frame_ms) else ""
        stack = f"{slices} slices of " if slices > 1 else ""
        labelled = ", labelled" if self.labels is not None else ""
        return f"{self.view}: {stack}{frames} frames, {columns} x {rows}, {spacing} mm{time}{labelled}"


@dataclass(repr=False)
class Study:
    """All series of one subject; the dictionaries below are by view.

    Attributes:
        subject: its id.
        series: its views.
        findings: what was found on the way.
    """

    subject: str
    series: list[Series] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def views(self) -> list[str]:
        """The names of its views."""
        return [one.view for one in self.series]

    @property
    def images(self) -> dict[str, NDArray[np.generic]]:
        """Intensities, (X, Y, S, T)."""
        return {one.view: one.pixels for one in self.series}

    @property
    def affines(self) -> dict[str, NDArray[np.float64]]:
        """Voxel (column, row, slice, 1) to scanner mm, RAS+, (4, 4)."""
        return {one.view: one.affine for one in self.series}

    @property
    def times_ms(self) -> dict[str, NDArray[np.float64]]:
        """When the frames were taken, from the first one, (T,); NaN where unknown."""
        return {one.view: np.arange(one.pixels.shape[3], dtype=np.float64) * one.frame_ms for one in self.series}

    @property
    def labels(self) -> dict[str, NDArray[np.uint8]]:
        """Classes of `anatomy` of the views that are labelled, (X, Y, S, T), 255 where nobody labelled."""
        return {one.view: one.labels for one in self.series if one.labels is not None}

    def copy(self) -> "Study":
        """Return a study whose pixels may be changed."""
        own = [replace(one, pixels=one.pixels.copy("K"), acquired=one.acquired.copy()) for one in self.series]
        return Study(self.subject, own, list(self.findings))

    def __repr__(self) -> str:
        """Describe the study, a line a view and a line a finding."""
        said = [f"{one.severity}: {f'{one.where}: ' if one.where else ''}{one.message}" for one in self.findings]
        return "\n  ".join([f"Study {self.subject}", *map(repr, self.series), *said])


def check_study(study: object) -> None:
    """Raise TypeError unless this is one study, such as for its folder, or for several."""
    if not isinstance(study, Study):
        raise TypeError(f"one study is wanted, as cmr_ssl.read returns it, not a {type(study).__name__}")


class Source(Protocol):
    """A place studies come from. Adding a data set means one file in `sources` with a class of this shape."""

    def subjects(self) -> list[str]:
        """Return the subject ids, sorted; raise with one clear sentence if there can be none."""

    def fingerprint(self, subject: str) -> str:
        """Return a short text that changes when the subject's files change (names, sizes, times; nothing is read)."""

    def read(self, subject: str) -> Study:
        """Read one subject; whatever is wrong with a series becomes a finding, not an exception."""
