"""Label maps on their own: what `quantify` needs of a folder of subjects, without the images they were drawn on."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import BACKGROUND, UNLABELLED
from cmr_ssl.files import stamp
from cmr_ssl.machine import is_dir, is_file
from cmr_ssl.planes import SHORT_AXIS, VIEWS, spacing
from cmr_ssl.sources.label_values import listed, to_classes, whole
from cmr_ssl.sources.nifti_files import EdEs, LabelFile, facts_of, names
from cmr_ssl.sources.nifti_folder import join_ed_es
from cmr_ssl.sources.nifti_image import Image, places_nothing, read_image
from cmr_ssl.sources.nifti_paths import locate, one_subject, there
from cmr_ssl.study import Finding
from cmr_ssl.volumes import MS_A_MINUTE, LabelMap

TOLD = ("sform-qform", "length-unit")  # findings that belong beside a number measured on the file


class LabelledView(NamedTuple):
    """One view over time.

    Attributes:
        map: its classes and its place.
        frame_ms: time between frames, NaN where unknown.
        classes: number in the file to class name.
        oriented: whether the file says how it lies.
        notes: what had to be mended or is odd, for whoever reads the table.
    """

    map: LabelMap
    frame_ms: float
    classes: dict[int, str]
    oriented: bool
    notes: tuple[str, ...]


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
        """Beats per minute by the first view, the short axis if it can, whose header tells; else NaN."""
        beats = (one.frame_ms * len(one.map.labels) for one in self.views.values())
        return next((MS_A_MINUTE / beat for beat in beats if np.isfinite(beat)), float("nan"))


@dataclass(frozen=True)
class LabelFolder:
    """Label maps in sub-folders of one folder.

    Attributes:
        folder: the folder with one sub-folder a subject.
        files: label maps; the first one found of a view wins.
        facts: see `NiftiFiles`.
    """

    folder: Path
    files: list[LabelFile]
    facts: str | None = None

    def subjects(self) -> list[str]:
        """Return the names of all sub-folders, sorted, also of those without any label map.

        Raises:
            FileNotFoundError: if the folder is missing, or none of its sub-folders holds a label map of the mapping.
        """
        if not is_dir(self.folder):
            raise FileNotFoundError(f"{self.folder} is no folder: name one with a sub-folder a subject")
        found = sorted(path.name for path in self.folder.iterdir() if path.name[0] != "." and is_dir(path))
        if not any(self._any_there(self.folder / subject) for subject in found):
            if self._any_there(self.folder):
                raise FileNotFoundError(one_subject(self.folder))
            raise FileNotFoundError(
                f"none of the {len(found)} sub-folders of {self.folder} holds one of {', '.join(self._names())}: "
                "check the folder, or map your file names to views with --files"
            )
        return found

    def fingerprint(self, subject: str) -> str:
        """Return a digest of which files are read of a subject, their sizes and times.

        Raises:
            FileNotFoundError: if the subject's folder is gone.
        """
        folder = self.folder / subject
        status = folder.stat()
        try:
            found = self._found(folder)
        except ValueError as error:
            return stamp([(error, status)])
        paths = {name: locate(folder, name) for file in found.values() for name in names(file.file)}
        return stamp(((name, found), path.stat()) for name, path in paths.items() if is_file(path))

    def read(self, subject: str) -> LabelledHeart:
        """Read one subject; a label map that cannot be used becomes a problem, not an exception."""
        heart = LabelledHeart({}, {})
        try:
            files = self._found(self.folder / subject)
        except ValueError as error:
            heart.problems[""] = str(error)
            return heart
        for view, file in files.items():
            try:
                heart.views[view] = read_labels(self.folder / subject, file)
            except ValueError as error:
                heart.problems[view] = str(error)
        if not heart.views and not heart.problems:
            heart.problems[""] = f"the folder holds none of {', '.join(self._names())}"
        return heart

    def _found(self, folder: Path) -> dict[str, LabelFile]:
        """Return the label file of every view that has one, in the order of `VIEWS`."""
        first: dict[str, LabelFile] = {}
        facts = facts_of(folder, self.facts)
        for file in (file.filled(facts) for file in self.files):
            if _started(folder, file):
                first.setdefault(file.view, file)
        return {view: first[view] for view in VIEWS if view in first}

    def _any_there(self, folder: Path) -> bool:
        try:
            return bool(self._found(folder))
        except ValueError:
            return False

    def _names(self) -> list[str]:
        return [name for file in self.files for name in names(file.file)]


def read_labels(folder: Path, file: LabelFile) -> LabelledView:
    """Read one label map, or its ED and ES halves as two frames.

    Raises:
        ValueError: if nothing can be measured on it; one sentence.
    """
    image, findings = _read(folder, file)
    title = " and ".join(names(file.file))
    _check_place(image, findings, file.view, title)
    _check_slices(image.pixels.shape, file.view, title)
    try:
        values, note = whole(image.pixels)
    except ValueError as error:
        raise ValueError(f"{title} {error}") from error
    labels, unknown = to_classes(values, file.classes)
    if unknown := [value for value in unknown if value != UNLABELLED]:  # a file may say itself where nobody looked
        raise ValueError(f"{title} holds the numbers {listed(unknown)}, which the mapping {file.classes} does not name")
    _check_looked_at(labels, title)
    notes = [found.message for found in findings if found.code in TOLD] + ([note] if note else [])
    oriented = image.stored is None
    view = LabelMap(labels.T, image.affine)
    return LabelledView(view, image.frame_ms, file.classes, oriented, tuple(f"{title}: {one}" for one in notes))


def _check_looked_at(labels: NDArray[np.uint8], title: str) -> None:
    """Refuse frames that are labelled in part: what nobody looked at would be missing from a volume."""
    unlooked = labels == UNLABELLED
    drawn = (~unlooked & (labels != BACKGROUND)).any(axis=(0, 1, 2))
    partly = np.flatnonzero(drawn & unlooked.any(axis=(0, 1, 2))).tolist()
    if partly:
        raise ValueError(f"{title} leaves parts of frame {listed(partly)} unlabelled ({UNLABELLED})")


def _read(folder: Path, file: LabelFile) -> tuple[Image, list[Finding]]:
    if isinstance(file.file, str):
        return read_image(locate(folder, file.file), file.view)
    missing = [name for name in names(file.file) if not there(folder, name)]
    if missing:
        raise ValueError(f"{missing[0]} is missing, the other half of an ED and ES pair")
    return _joined(folder, file.file, file.view)


def _joined(folder: Path, pair: EdEs, view: str) -> tuple[Image, list[Finding]]:
    """Read a pair as two frames; a slice of ES that ED lacks may not show anything, for it would go unmeasured."""
    (ed, findings), (es, found) = (read_image(locate(folder, name), view) for name in names(pair))
    joined, slices = join_ed_es(ed, es)
    lost = sorted(set(np.flatnonzero(es.pixels.any(axis=(0, 1, 3))).tolist()) - set(slices.tolist()))
    if lost:
        raise ValueError(f"slice {listed(lost)} of {pair.es} lies where {pair.ed} has none: store both on one grid")
    return joined, findings + [finding for finding in found if finding not in findings]


def _check_place(image: Image, findings: list[Finding], view: str, title: str) -> None:
    """Refuse what does not say where it lies, or how large its pixels are: a volume would be an invention."""
    nowhere = any(found.code == "no-orientation" for found in findings)
    if nowhere and np.allclose([*spacing(image.affine), np.linalg.norm(image.affine[:3, 2])], 1.0):
        raise ValueError(f"{title} has no geometry (an identity affine): write it with the affine of its image")
    if places_nothing(findings, view):
        raise ValueError(f"{title} has no orientation, so where it cuts the heart is unknown")


def _check_slices(shape: tuple[int, ...], view: str, title: str) -> None:
    """Refuse a single short-axis slice and stacked long-axis ones: mostly frames on the wrong axis."""
    one, wanted = shape[2] == 1, "several slices" if view == SHORT_AXIS else "one slice"
    if one == (view == SHORT_AXIS):
        raise ValueError(
            f"{title} of shape {shape} has {shape[2]} slices where {view} has {wanted}: "
            "store it as (columns, rows, slices, frames)"
        )


def _started(folder: Path, file: LabelFile) -> bool:
    return any(there(folder, name) for name in names(file.file))
