"""A folder of subjects, each a folder of NIfTI files: cines of (X, Y, slices, frames), or separate ED and ES stacks."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.files import stamp
from cmr_ssl.machine import is_dir, is_file
from cmr_ssl.planes import SHORT_AXIS, to_pixels, unit
from cmr_ssl.sources.nifti_files import EdEs, LabelFile, NiftiFiles, alternatives, names
from cmr_ssl.sources.nifti_image import Image, places_nothing, read_image
from cmr_ssl.sources.nifti_labels import attach_labels
from cmr_ssl.sources.nifti_paths import locate, one_subject, overlooked, spellings, there
from cmr_ssl.study import Finding, Series, Study

ASIDE = 0.5  # pixels between the grids of ED and ES; beyond it one of them shows something else


@dataclass(frozen=True)
class NiftiFolder:
    """Studies in sub-folders of one folder.

    Attributes:
        folder: the folder with one sub-folder a subject.
        files: how the files of a subject are called.
    """

    folder: Path
    files: NiftiFiles

    def subjects(self) -> list[str]:
        """Return the names of the sub-folders, sorted.

        Raises:
            FileNotFoundError: if the folder is missing, or none of its sub-folders holds an image of the mapping.
        """
        if not is_dir(self.folder):
            raise FileNotFoundError(f"{self.folder} is no folder: name one with a sub-folder a subject")
        found = sorted(path.name for path in self.folder.iterdir() if path.name[0] != "." and is_dir(path))
        if not any(self.holds(subject) for subject in found):
            if self.holds("."):
                raise FileNotFoundError(one_subject(self.folder))
            raise FileNotFoundError(
                f"none of the {len(found)} sub-folders of {self.folder} holds one of "
                f"{', '.join(self.files.image_names())}: check the folder, or map your file names to views"
            )
        return found

    def fingerprint(self, subject: str) -> str:
        """Return a digest of the names, sizes and times of the subject's files.

        Raises:
            FileNotFoundError: if the subject's folder is gone.
        """
        folder = self.folder / subject
        folder.stat()
        names = [one for name in self._names(subject) for one in spellings(name) if is_file(folder / one)]
        return stamp((name, (folder / name).stat()) for name in names)

    def read(self, subject: str) -> Study:
        """Read one subject; a view that cannot be read becomes a finding."""
        study = Study(subject)
        folder = self.folder / subject
        try:
            files = self.files.of_subject(folder)
        except ValueError as error:
            message = f"{subject}: {error}; mend {self.files.facts or 'its name'}, or the mapping of file names"
            study.findings.append(Finding("file-names", "rejected", "", message))
            return study
        for view, entry in files.images.items():
            self._read_first(study, folder, view, alternatives(entry), files.labels)
        _forget_unrelated(study)
        study.findings += _unread(study, folder, files)
        if not _any_there(folder, files):
            message = f"the folder holds none of {', '.join(files.image_names())}"
            study.findings.append(Finding("no-images", "rejected", "", message))
        return study

    def _read_first(
        self, study: Study, folder: Path, view: str, files: list[str | EdEs], labels: list[LabelFile]
    ) -> None:
        """Read the first of several files that is there, of a pair both halves."""
        for file in files:
            if all(there(folder, name) for name in names(file)):
                return self._read_view(study, folder, view, file, labels)
        for file in files:
            if any(there(folder, name) for name in names(file)):
                message = f"not all of {names(file)} are there"
                study.findings.append(Finding("half-missing", "rejected", view, message))
        return None

    def _read_view(self, study: Study, folder: Path, view: str, file: str | EdEs, labels: list[LabelFile]) -> None:
        try:
            series, findings = read_series(folder, view, file)
        except ValueError as error:
            study.findings.append(Finding("unreadable", "rejected", view, str(error)))
            return
        if places_nothing(findings, view):
            message = "the file has no orientation, so where the plane cuts the heart is unknown"
            study.findings.append(Finding("no-place", "rejected", view, message))
            return
        series, labelling = attach_labels(series, folder, labels)
        study.series.append(series)
        study.findings += findings + labelling

    def _names(self, subject: str) -> list[str]:
        """Return the names of all files that tell about a subject, sorted; without facts only that of the facts."""
        folder, facts = self.folder / subject, [self.files.facts] if self.files.facts else []
        try:
            files = self.files.of_subject(folder)
        except ValueError:
            return facts
        labels = [name for label in files.labels for name in names(label.file)]
        return sorted({*files.image_names(), *labels, *facts})

    def holds(self, subject: str) -> bool:
        """Tell whether a sub-folder holds an image of the mapping."""
        try:
            return _any_there(self.folder / subject, self.files.of_subject(self.folder / subject))
        except ValueError:
            return False


def _any_there(folder: Path, files: NiftiFiles) -> bool:
    return any(there(folder, name) for name in files.image_names())


def _unread(study: Study, folder: Path, files: NiftiFiles) -> list[Finding]:
    """Name the files that look like a view but are not called as one; a view that is missing may be such a file."""
    views = {name: view for view, entry in files.images.items() for file in alternatives(entry) for name in names(file)}
    read = {one.view for one in study.series}
    labels = [name for label in files.labels for name in names(label.file)]
    resembling = overlooked(folder, [*labels, *files.image_names()])
    return [
        Finding(
            "unread-file",
            "noted" if views.get(name) in read or name not in views else "rejected",
            views.get(name, ""),
            f"{strange} looks like {name}, but is not called so, or is no file: it was not read; rename or mend it",
        )
        for name, strange in resembling
    ]


def read_series(folder: Path, view: str, file: str | EdEs) -> tuple[Series, list[Finding]]:
    """Read one view, a cine or an ED/ES pair.

    Raises:
        ValueError: if it cannot be read; one sentence.
    """
    if isinstance(file, str):
        image, findings = read_image(locate(folder, file), view)
        return _series(view, image, np.ones(image.pixels.shape[2:], dtype=bool)), findings
    ed, findings = read_image(locate(folder, file.ed), view)
    es, found = read_image(locate(folder, file.es), view)
    findings += [finding for finding in found if finding not in findings]
    joined, slices = join_ed_es(ed, es)
    acquired = np.stack([np.ones(len(slices), dtype=bool), slices >= 0], axis=1)
    return _series(view, joined, acquired), findings


def join_ed_es(ed: Image, es: Image) -> tuple[Image, NDArray[np.intp]]:
    """Put an ES stack onto the slices of its ED stack, by where the slices lie.

    Returns:
        Pixels (X, Y, S, 2) on the ED stack's slices, and the ES slice at each of them, -1 where ES has none, (S,).

    Raises:
        ValueError: if the two do not share one in-plane grid.
    """
    slices = matching_slices(ed, es)
    pixels = np.zeros((*ed.pixels.shape[:3], 2), dtype=np.result_type(ed.pixels, es.pixels), order="F")
    pixels[..., 0] = ed.pixels[..., 0]
    pixels[:, :, slices >= 0, 1] = es.pixels[:, :, slices[slices >= 0], 0]
    return Image(pixels, ed.affine, float("nan"), ed.stored), slices


def matching_slices(ed: Image, es: Image) -> NDArray[np.intp]:
    """Return the ES slice at each ED slice, -1 where there is none within half a slice step, (S,).

    Raises:
        ValueError: if the two grids differ in size or direction, or no slice of one meets a slice of the other.
    """
    way = es.affine[:3, 3] - ed.affine[:3, 3]
    aside = to_pixels(ed.affine, es.affine[None, :3, 3])[0]
    turned = not np.allclose(ed.affine[:3, :2], es.affine[:3, :2], atol=0.01)
    if ed.pixels.shape[:2] != es.pixels.shape[:2] or turned or np.abs(aside).max() > ASIDE:
        raise ValueError(f"ED {ed.pixels.shape[:2]} and ES {es.pixels.shape[:2]} do not share one image grid")
    along = unit(ed.affine[:3, 2])
    step = ed.affine[:3, 2] @ along
    positions = way @ along / step + np.arange(es.pixels.shape[2]) * (es.affine[:3, 2] @ along) / step
    distance = np.abs(np.arange(ed.pixels.shape[2])[:, None] - positions)
    if not (distance <= 0.5).any():
        raise ValueError("no slice of ES lies where a slice of ED lies")
    return np.where(distance.min(axis=1) < 0.5, distance.argmin(axis=1), -1)


def _forget_unrelated(study: Study) -> None:
    """Set long-axis planes aside where the short axis has no orientation: nobody knows how they cut it."""
    if not any(found.code == "no-orientation" for found in study.findings):
        return
    message = "the short axis has no orientation, so where this plane cuts it is unknown"
    unrelated = [one.view for one in study.series if one.view != SHORT_AXIS]
    study.findings += [Finding("no-place", "rejected", view, message) for view in unrelated]
    study.series = [one for one in study.series if one.view == SHORT_AXIS]


def _series(view: str, image: Image, acquired: NDArray[np.bool_]) -> Series:
    return Series(view, image.pixels, image.affine, image.frame_ms, acquired, stored=image.stored)
