"""Studies as read from a source: one subject's series as they were acquired, with findings."""

from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Severity = Literal["noted", "repaired", "rejected"]


class Finding(NamedTuple):
    """Something noted, repaired or rejected in a subject: a stable code, severity, place, and one sentence."""

    code: str
    severity: Severity
    where: str  # view, or view and slice, or "" for the whole subject
    message: str
    value: float | None = None  # the measured number, for tables


@dataclass(repr=False)
class Series:
    """One view of a study as read: a stack of S parallel slices over T frames.

    Attributes:
        view: name of the view, one of ``planes.VIEWS``.
        pixels: intensities, (X, Y, S, T) with X columns and Y rows as NIfTI stores them.
        affine: voxel (column, row, slice, 1) to scanner mm, RAS+, (4, 4).
        frame_ms: time between frames, NaN where unknown.
        labels: classes of `anatomy`, (X, Y, S, T) uint8, 255 where unlabelled; None without any label file.
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
        findings: of reading.
    """

    subject: str
    series: list[Series] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def views(self) -> list[str]:
        """The names of its views."""
        return [series.view for series in self.series]

    @property
    def images(self) -> dict[str, NDArray[np.generic]]:
        """Intensities, (X, Y, S, T)."""
        return {series.view: series.pixels for series in self.series}

    @property
    def affines(self) -> dict[str, NDArray[np.float64]]:
        """Voxel (column, row, slice, 1) to scanner mm, RAS+, (4, 4)."""
        return {series.view: series.affine for series in self.series}

    @property
    def times_ms(self) -> dict[str, NDArray[np.float64]]:
        """Times of the frames after the first one, (T,); NaN where unknown."""
        return {
            series.view: np.arange(series.pixels.shape[3], dtype=np.float64) * series.frame_ms for series in self.series
        }

    @property
    def labels(self) -> dict[str, NDArray[np.uint8]]:
        """Classes of `anatomy` of the views that are labelled, (X, Y, S, T), 255 where unlabelled."""
        return {series.view: series.labels for series in self.series if series.labels is not None}

    def copy(self) -> "Study":
        """Return a copy whose pixels and labels may be changed."""
        copies = [
            replace(
                view,
                pixels=view.pixels.copy("K"),
                acquired=view.acquired.copy(),
                labels=None if view.labels is None else view.labels.copy("K"),
            )
            for view in self.series
        ]
        return Study(self.subject, copies, list(self.findings))

    def __repr__(self) -> str:
        """Describe the study, a line a view and a line a finding."""
        places = [f"{item.where}: {item.message}".removeprefix(": ") for item in self.findings]
        findings = [f"{item.severity}: {text}" for item, text in zip(self.findings, places, strict=True)]
        return "\n  ".join([f"Study {self.subject}", *map(repr, self.series), *findings])


def check_study(study: object) -> None:
    """Raise TypeError unless this is one study, rather than its folder, or several."""
    if not isinstance(study, Study):
        raise TypeError(f"one study is wanted, as cmr_ssl.read returns it, not a {type(study).__name__}")


class Source(Protocol):
    """A source of studies. A new data set needs one file in `sources` with a class of this shape."""

    def subjects(self) -> list[str]:
        """Return the subject ids, sorted; raise FileNotFoundError if there is none."""

    def fingerprint(self, subject: str) -> str:
        """Return a short text that changes when the subject's files change (names, sizes, times; nothing is read)."""

    def read(self, subject: str) -> Study:
        """Read one subject; whatever is wrong with a series becomes a finding, not an exception."""
