"""Label maps of all subjects side by side in one folder, as nnU-Net writes them: CASE.nii.gz, also a file a frame."""

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from cmr_ssl.files import digest
from cmr_ssl.machine import is_dir, is_file
from cmr_ssl.sources.file_names import FRAME, SUBJECT, Facts
from cmr_ssl.sources.label_folder import LabelFolder, LabelledHeart, LabelledView
from cmr_ssl.sources.nifti_files import LabelFile, names_of
from cmr_ssl.sources.nifti_paths import spellings
from cmr_ssl.volumes import LabelMap

PLACE = f"{{{SUBJECT}}}"
HOLES = re.compile(rf"\{{({SUBJECT}|{FRAME})(?::[^}}]*)?\}}")
FOUND = {SUBJECT: ".+?", FRAME: r"\d+"}


@dataclass(frozen=True)
class FlatLabels(LabelFolder):
    """Label maps whose names tell the subject, all in one folder.

    Attributes:
        frame: the only one that is read, where names tell the frame.
    """

    frame: int | None = None

    @cached_property
    def frames(self) -> dict[str, list[int]]:
        """The subjects that the names of files tell, sorted, and the frames of each; none where names tell no frame."""
        return frames_of(self.folder, self.files)

    def subjects(self) -> list[str]:
        """Return the subjects that the names of files tell, sorted."""
        return list(self.frames)

    def fingerprint(self, subject: str) -> str:
        """Return a digest of the files of a subject, their sizes and times."""
        if self.frame is not None or not self.frames.get(subject):
            return super().fingerprint(subject)
        return digest({str(frame): self._of(frame).fingerprint(subject) for frame in self.frames[subject]})

    def read(self, subject: str) -> LabelledHeart:
        """Read one subject; a label map that cannot be used becomes a problem, not an exception."""
        if self.frame is not None or not self.frames.get(subject):
            return super().read(subject)
        return joined({frame: self._of(frame).read(subject) for frame in self.frames[subject]})

    def folder_of(self, subject: str) -> Path:
        """Return the folder, which all subjects share."""
        return self.folder

    def facts_of(self, subject: str) -> Facts:
        """Return what a file's name tells."""
        return {SUBJECT: subject} | ({} if self.frame is None else {FRAME: self.frame})

    def _of(self, frame: int) -> "FlatLabels":
        return replace(self, frame=frame)


def labels_in(folder: Path, files: list[LabelFile], facts: str | None = None, partial: bool = False) -> LabelFolder:
    """Return the label maps of a folder: side by side if every file name tells the subject and files are called so.

    Args:
        folder: with a sub-folder a subject, or with the files of all.
        files: how they are called.
        facts: see `NiftiFiles`.
        partial: see `LabelFolder`.
    """
    kind = FlatLabels if facts is None and frames_of(folder, files) else LabelFolder
    return kind(folder, files, facts, partial)


def frames_of(folder: Path, files: list[LabelFile]) -> dict[str, list[int]]:
    """Return the subjects of the files that lie in a folder itself, sorted, and the frames that the names tell.

    Nothing where not every name of a label map tells the subject.
    """
    names = [name for file in files for name in names_of(file.file)]
    if not is_dir(folder) or not all(PLACE in name for name in names):
        return {}
    patterns = [_pattern(spelling) for name in names for spelling in spellings(name)]
    found: defaultdict[str, set[int]] = defaultdict(set)
    for path in folder.iterdir():
        for match in (pattern.fullmatch(path.name) for pattern in patterns):
            if match and path.name[0] != "." and is_file(path):
                found[match[SUBJECT]] |= {int(match[FRAME])} if FRAME in match.groupdict() else set()
    return {subject: sorted(found[subject]) for subject in sorted(found)}


def joined(hearts: dict[int, LabelledHeart]) -> LabelledHeart:
    """Return one heart from those of single frames; a view of which a frame cannot be used becomes a problem."""
    whole = LabelledHeart({}, {})
    for frame, heart in hearts.items():
        for view, why in heart.problems.items():
            whole.problems.setdefault(view, f"frame {frame}: {why}")
    for view in dict.fromkeys(view for heart in hearts.values() for view in heart.views):
        parts = {frame: heart.views[view] for frame, heart in hearts.items() if view in heart.views}
        if view in whole.problems:
            continue
        try:
            whole.views[view] = _joined(parts)
        except ValueError as error:
            whole.problems[view] = str(error)
    return whole


def _joined(parts: dict[int, LabelledView]) -> LabelledView:
    """Return one view over time; raise ValueError if frames lie on different grids."""
    first = next(iter(parts.values()))
    for frame, part in parts.items():
        same = part.map.labels.shape[1:] == first.map.labels.shape[1:]
        if len(part.map.labels) != 1 or not same or not np.allclose(part.map.affine, first.map.affine, atol=0.01):
            raise ValueError(f"the file of frame {frame} holds other slices or frames than that of frame {min(parts)}")
    labels = np.concatenate([part.map.labels for part in parts.values()])
    notes = tuple(dict.fromkeys(note for part in parts.values() for note in part.notes))
    return first._replace(map=LabelMap(labels, first.map.affine), notes=notes, frames=tuple(parts))


def _pattern(name: str) -> re.Pattern[str]:
    """Return what matches a file's name and tells the subject, and the frame, in it."""
    text, end, seen = "", 0, set[str]()
    for hole in HOLES.finditer(name):
        known = f"(?P={hole[1]})" if hole[1] in seen else f"(?P<{hole[1]}>{FOUND[hole[1]]})"
        text, end = f"{text}{re.escape(name[end : hole.start()])}{known}", hole.end()
        seen.add(hole[1])
    return re.compile(text + re.escape(name[end:]))
