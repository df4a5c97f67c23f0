"""Studies in NIfTI: a folder of subjects, each a folder of cines (X, Y, slices, frames) or of ED and ES stacks."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.files import stamp
from cmr_ssl.machine import is_file
from cmr_ssl.planes import SHORT_AXIS, to_pixels, unit
from cmr_ssl.preparation.doubled_slices import doubled_beat, doubled_slices
from cmr_ssl.sources.nifti_files import EdEs, LabelFile, NiftiFiles, alternatives, names_of
from cmr_ssl.sources.nifti_image import Image, lacks_place, read_image
from cmr_ssl.sources.nifti_labels import attach_labels
from cmr_ssl.sources.nifti_paths import image_exists, locate, numbered, overlooked, spellings, subject_folders
from cmr_ssl.study import Finding, Series, Study

LARGEST_OFFSET = 0.5  # pixels between the grids of ED and ES; beyond it they show different places


@dataclass(frozen=True)
class NiftiFolder:
    """Studies in sub-folders of one folder.

    Attributes:
        folder: the folder with one sub-folder a subject.
        files: how the files of a subject are named.
    """

    folder: Path
    files: NiftiFiles

    def subjects(self) -> list[str]:
        """Return the names of the sub-folders; see `subject_folders`."""
        return subject_folders(self.folder, self.holds, self.files.image_names(), "map your file names to views")

    def fingerprint(self, subject: str) -> str:
        """Return a digest of a subject's file names, sizes and times; raise FileNotFoundError without its folder."""
        folder = self.folder / subject
        folder.stat()
        names = [spelling for name in self._names(subject) for spelling in spellings(name)]
        return stamp((name, (folder / name).stat()) for name in names if is_file(folder / name))

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
            _read_first(study, folder, view, alternatives(entry), files.labels)
        _drop_unrelated(study)
        study.findings += _unread(study, folder, files)
        if not self.holds(subject):
            message = f"the folder holds none of {', '.join(files.image_names())}"
            study.findings.append(Finding("no-images", "rejected", "", message))
        return study

    def _names(self, subject: str) -> list[str]:
        """Return the names of all files of a subject, sorted; where the facts cannot be read, theirs alone."""
        facts = [self.files.facts] if self.files.facts else []
        try:
            files = self.files.of_subject(self.folder / subject)
        except ValueError:
            return facts
        return sorted({*files.image_names(), *_label_names(files), *facts})

    def holds(self, subject: str) -> bool:
        """Tell whether a sub-folder holds an image of the mapping."""
        folder = self.folder / subject
        try:
            return any(image_exists(folder, name) for name in self.files.of_subject(folder).image_names())
        except ValueError:
            return False


def _read_first(study: Study, folder: Path, view: str, files: list[str | EdEs], labels: list[LabelFile]) -> None:
    """Read the first file of a view that exists, of a pair both halves, into the study."""
    for file in files:
        if all(image_exists(folder, name) for name in names_of(file)):
            return _read_view(study, folder, view, file, labels)
    for file in files:
        if any(image_exists(folder, name) for name in names_of(file)):
            message = f"not all of {names_of(file)} are there"
            study.findings.append(Finding("half-missing", "rejected", view, message))
    return None


def _read_view(study: Study, folder: Path, view: str, file: str | EdEs, labels: list[LabelFile]) -> None:
    try:
        series, findings = read_series(folder, view, file)
        _check_stored_once(series, file)
    except ValueError as error:
        study.findings.append(Finding("unreadable", "rejected", view, str(error)))
        return
    if lacks_place(findings, view):
        message = "the file has no orientation, so where the plane cuts the heart is unknown"
        study.findings.append(Finding("no-place", "rejected", view, message))
        return
    series, label_findings = attach_labels(series, folder, labels)
    study.series.append(series)
    study.findings += findings + label_findings


def _check_stored_once(series: Series, file: str | EdEs) -> None:
    """Raise ValueError if every slice or every frame is stored twice."""
    if flaw := doubled_slices(series.pixels, series.affine) or doubled_beat(series.pixels):
        raise ValueError(f"in {'/'.join(names_of(file))} {flaw}")


def _label_names(files: NiftiFiles) -> list[str]:
    return [name for label in files.labels for name in names_of(label.file)]


def _unread(study: Study, folder: Path, files: NiftiFiles) -> list[Finding]:
    """Return a finding for each file that resembles one of the mapping; a missing view may be such a file."""
    entries = [(view, file) for view, entry in files.images.items() for file in alternatives(entry)]
    views = {name: view for view, file in entries for name in names_of(file)}
    resembling = [
        Finding(
            "unread-file",
            "noted" if name not in views or views[name] in study.views else "rejected",
            views.get(name, ""),
            f"{other} looks like {name}, but is not called so, or is no file: it was not read; rename or mend it",
        )
        for name, other in overlooked(folder, [*_label_names(files), *files.image_names()])
    ]
    parts = {name: numbered(folder, name) for name, view in views.items() if view not in study.views}
    return resembling + [
        Finding(
            "unread-file",
            "rejected",
            views[name],
            f"{name} is missing, but {others[0]} is there ({len(others)} such files): store the whole view in one file",
        )
        for name, others in parts.items()
        if others and not {*others} & {spelling for other in views for spelling in spellings(other)}
    ]


def read_series(folder: Path, view: str, file: str | EdEs) -> tuple[Series, list[Finding]]:
    """Read one view, a cine or an ED/ES pair; raise ValueError, one sentence, if it cannot be read."""
    if isinstance(file, str):
        image, findings = read_image(locate(folder, file), view)
        return _series(view, image, np.ones(image.pixels.shape[2:], dtype=bool)), findings
    ed, findings = read_image(locate(folder, file.ed), view)
    es, es_findings = read_image(locate(folder, file.es), view)
    findings += [finding for finding in es_findings if finding not in findings]
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
    """Return the ES slice within half a step of each ED slice, else -1, (S,); raise ValueError if the grids differ."""
    offset = to_pixels(ed.affine, es.affine[None, :3, 3])[0]
    turned = not np.allclose(ed.affine[:3, :2], es.affine[:3, :2], atol=0.01)
    if ed.pixels.shape[:2] != es.pixels.shape[:2] or turned or np.abs(offset).max() > LARGEST_OFFSET:
        raise ValueError(f"ED {ed.pixels.shape[:2]} and ES {es.pixels.shape[:2]} do not share one image grid")
    along = unit(ed.affine[:3, 2])
    first, step = ((vector @ along) for vector in (es.affine[:3, 3] - ed.affine[:3, 3], es.affine[:3, 2]))
    positions = (first + np.arange(es.pixels.shape[2]) * step) / (ed.affine[:3, 2] @ along)  # in ED slices
    distance = np.abs(np.arange(ed.pixels.shape[2])[:, None] - positions)
    if not (distance <= 0.5).any():
        raise ValueError("no slice of ES lies where a slice of ED lies")
    return np.where(distance.min(axis=1) < 0.5, distance.argmin(axis=1), -1)


def _drop_unrelated(study: Study) -> None:
    """Reject long-axis planes where the short axis has no orientation: how they cut it is unknown."""
    if not any(finding.code == "no-orientation" for finding in study.findings):
        return
    message = "the short axis has no orientation, so where this plane cuts it is unknown"
    study.findings += [Finding("no-place", "rejected", view, message) for view in study.views if view != SHORT_AXIS]
    study.series = [series for series in study.series if series.view == SHORT_AXIS]


def _series(view: str, image: Image, acquired: NDArray[np.bool_]) -> Series:
    return Series(view, image.pixels, image.affine, image.frame_ms, acquired, stored=image.stored)
