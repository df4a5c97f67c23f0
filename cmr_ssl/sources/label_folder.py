"""Label maps without their images: what `quantify` reads of a folder of subjects."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.anatomy import UNLABELLED, is_structure
from cmr_ssl.files import stamp
from cmr_ssl.machine import is_file
from cmr_ssl.planes import SHORT_AXIS, VIEWS, spacing
from cmr_ssl.sources.file_names import Facts
from cmr_ssl.sources.label_values import listed, to_classes, whole_numbers
from cmr_ssl.sources.nifti_files import EdEs, LabelFile, facts_of, names_of
from cmr_ssl.sources.nifti_folder import join_ed_es
from cmr_ssl.sources.nifti_image import PLACE_CODES, Image, lacks_place, read_image
from cmr_ssl.sources.nifti_paths import image_exists, locate, subject_folders
from cmr_ssl.study import Finding
from cmr_ssl.volumes import MS_A_MINUTE, LabelMap


class LabelledView(NamedTuple):
    """One view over time.

    Attributes:
        map: its classes and its place.
        frame_ms: time between frames, NaN where unknown.
        classes: number in the file to class name.
        oriented: whether the file states its orientation.
        notes: what was repaired or is unusual, for readers of the table.
        frames: which frames of a cine these are, from 0, where it is a part of them; else None.
    """

    map: LabelMap
    frame_ms: float
    classes: dict[int, str]
    oriented: bool
    notes: tuple[str, ...]
    frames: tuple[int, ...] | None = None


class LabelledHeart(NamedTuple):
    """One subject's label maps.

    Attributes:
        views: view to its label map, the short axis first; only those that can be used.
        problems: view, or "" for the whole subject, to why it has none.
    """

    views: dict[str, LabelledView]
    problems: dict[str, str]

    @property
    def rate(self) -> float:
        """Beats per minute by the first view with a known frame duration, the short axis if possible; else NaN."""
        beats = (view.frame_ms * len(view.map.labels) for view in self.views.values())
        return next((MS_A_MINUTE / beat for beat in beats if np.isfinite(beat)), float("nan"))


@dataclass(frozen=True)
class LabelFolder:
    """Label maps in sub-folders of one folder.

    Attributes:
        folder: the folder with one sub-folder a subject.
        files: label maps; of a view, the first one that exists.
        facts: see `NiftiFiles`.
        partial: whether frames may be unlabelled in part; their volumes cannot be measured.
    """

    folder: Path
    files: list[LabelFile]
    facts: str | None = None
    partial: bool = False

    def subjects(self) -> list[str]:
        """Return the names of all sub-folders, also of those without label maps; see `subject_folders`."""
        return subject_folders(self.folder, self._holds, self._names(), "map your file names to views with --files")

    def fingerprint(self, subject: str) -> str:
        """Return a digest of which files are read of a subject, their sizes and times.

        Raises:
            FileNotFoundError: if the subject's folder is gone.
        """
        folder = self.folder_of(subject)
        status = folder.stat()
        try:
            files = self._existing(subject)
        except ValueError as error:
            return stamp([(error, status)])
        paths = {name: locate(folder, name) for file in files.values() for name in names_of(file.file)}
        return stamp(((name, files), path.stat()) for name, path in paths.items() if is_file(path))

    def read(self, subject: str) -> LabelledHeart:
        """Read one subject; a label map that cannot be used becomes a problem, not an exception."""
        heart = LabelledHeart({}, {})
        try:
            files = self._existing(subject)
        except ValueError as error:
            heart.problems[""] = str(error)
            return heart
        for view, file in files.items():
            try:
                heart.views[view] = read_labels(self.folder_of(subject), file, self.partial)
            except ValueError as error:
                heart.problems[view] = str(error)
        if not heart.views and not heart.problems:
            heart.problems[""] = f"the folder holds none of {', '.join(self._names())}"
        return heart

    def folder_of(self, subject: str) -> Path:
        """Return the folder in which the files of a subject lie."""
        return self.folder / subject

    def facts_of(self, subject: str) -> Facts:
        """Return the values of templates for a subject; raise ValueError if their file cannot be read."""
        return facts_of(self.folder_of(subject), self.facts)

    def _existing(self, subject: str) -> dict[str, LabelFile]:
        """Return the label file of every view that has one, in the order of `VIEWS`."""
        folder, facts = self.folder_of(subject), self.facts_of(subject)
        first: dict[str, LabelFile] = {}
        for file in (file.filled(facts) for file in self.files):
            if any(image_exists(folder, name) for name in names_of(file.file)):
                first.setdefault(file.view, file)
        return {view: first[view] for view in VIEWS if view in first}

    def _holds(self, subject: str) -> bool:
        try:
            return bool(self._existing(subject))
        except ValueError:
            return False

    def _names(self) -> list[str]:
        return [name for file in self.files for name in names_of(file.file)]


def read_labels(folder: Path, file: LabelFile, partial: bool = False) -> LabelledView:
    """Read one label map, or ED and ES halves as two frames.

    Args:
        folder: of the subject.
        file: with its name filled in.
        partial: whether a frame may be unlabelled in part.

    Raises:
        ValueError: if it is unusable; one sentence.
    """
    image, findings = _read(folder, file)
    title = " and ".join(names_of(file.file))
    _check_geometry(image, findings, file.view, title)
    try:
        values, note = whole_numbers(image.pixels)
    except ValueError as error:
        raise ValueError(f"{title} {error}") from error
    labels, unknown = to_classes(values, file.classes, file.unlabelled)
    if unknown:
        raise ValueError(f"{title} holds the numbers {listed(unknown)}, which the mapping {file.classes} does not name")
    drawn, unlabelled = (mask.any(axis=(0, 1, 2)) for mask in (is_structure(labels), labels == UNLABELLED))
    in_part = np.flatnonzero(drawn & unlabelled).tolist()
    if in_part and not partial:  # a volume would lack the unlabelled part
        raise ValueError(f"{title} leaves parts of frame {listed(in_part)} unlabelled ({UNLABELLED})")
    notes = [finding.message for finding in findings if finding.code in PLACE_CODES] + ([note] if note else [])
    titled = tuple(f"{title}: {note}" for note in notes)
    label_map, oriented = LabelMap(labels.T, image.affine), image.stored is None
    return LabelledView(label_map, image.frame_ms, file.classes, oriented, titled, _frames(file.file))


def _frames(file: str | EdEs) -> tuple[int, int] | None:
    """Return the frames of a cine that a pair shows, from 0."""
    if isinstance(file, str) or not (isinstance(file.ed_frame, int) and isinstance(file.es_frame, int)):
        return None
    return file.ed_frame - 1, file.es_frame - 1


def _read(folder: Path, file: LabelFile) -> tuple[Image, list[Finding]]:
    """Read a file, or a pair as two frames; an ES slice beside those of ED must be empty, for it is not measured."""
    if isinstance(file.file, str):
        return read_image(locate(folder, file.file), file.view)
    for name in names_of(file.file):
        if not image_exists(folder, name):
            raise ValueError(f"{name} is missing, the other half of an ED and ES pair")
    (ed, findings), (es, more) = (read_image(locate(folder, name), file.view) for name in names_of(file.file))
    joined, slices = join_ed_es(ed, es)
    lost = sorted(set(np.flatnonzero(es.pixels.any(axis=(0, 1, 3))).tolist()) - set(slices.tolist()))
    if lost:
        raise ValueError(
            f"slice {listed(lost)} of {file.file.es} lies where {file.file.ed} has none: store both on one grid"
        )
    return joined, findings + [finding for finding in more if finding not in findings]


def _check_geometry(image: Image, findings: list[Finding], view: str, title: str) -> None:
    """Refuse unknown places or pixel sizes, a single short-axis slice, and several long-axis ones, mostly frames."""
    unoriented = any(finding.code == "no-orientation" for finding in findings)
    if unoriented and np.allclose([*spacing(image.affine), np.linalg.norm(image.affine[:3, 2])], 1.0):
        raise ValueError(f"{title} has no geometry (an identity affine): write it with the affine of its image")
    if lacks_place(findings, view):
        raise ValueError(f"{title} has no orientation, so where it cuts the heart is unknown")
    shape = image.pixels.shape
    if (shape[2] == 1) == (view == SHORT_AXIS):
        expected = "several slices" if view == SHORT_AXIS else "one slice"
        raise ValueError(
            f"{title} of shape {shape} has {shape[2]} slices where {view} has {expected}: "
            "store it as (columns, rows, slices, frames)"
        )
