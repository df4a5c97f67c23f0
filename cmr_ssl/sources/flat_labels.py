"""Label maps of all subjects side by side in one folder, as nnU-Net writes them: CASE.nii.gz."""

import re
from pathlib import Path

from cmr_ssl.machine import is_dir, is_file
from cmr_ssl.sources.file_names import SUBJECT, Facts
from cmr_ssl.sources.label_folder import LabelFolder
from cmr_ssl.sources.nifti_files import LabelFile, names_of
from cmr_ssl.sources.nifti_paths import spellings

PLACE = f"{{{SUBJECT}}}"


class FlatLabels(LabelFolder):
    """Label maps whose names tell the subject, all in one folder."""

    def subjects(self) -> list[str]:
        """Return the subjects that the names of files tell, sorted."""
        return subjects_of(self.folder, self.files)

    def folder_of(self, subject: str) -> Path:
        """Return the folder, which all subjects share."""
        return self.folder

    def facts_of(self, subject: str) -> Facts:
        """Return the subject's id, all that a flat folder tells."""
        return {SUBJECT: subject}


def labels_in(folder: Path, files: list[LabelFile], facts: str | None = None, partial: bool = False) -> LabelFolder:
    """Return the label maps of a folder: side by side if every file name tells the subject and files are called so.

    Args:
        folder: with a sub-folder a subject, or with the files of all.
        files: how they are called.
        facts: see `NiftiFiles`.
        partial: see `LabelFolder`.
    """
    kind = FlatLabels if facts is None and subjects_of(folder, files) else LabelFolder
    return kind(folder, files, facts, partial)


def subjects_of(folder: Path, files: list[LabelFile]) -> list[str]:
    """Return the subjects of the files that lie in a folder itself, sorted; none where names do not tell them."""
    names = [name for file in files for name in names_of(file.file)]
    if not is_dir(folder) or not all(PLACE in name for name in names):
        return []
    patterns = [_pattern(spelling) for name in names for spelling in spellings(name)]
    found = [path.name for path in folder.iterdir() if path.name[0] != "." and is_file(path)]
    matches = [pattern.fullmatch(name) for name in found for pattern in patterns]
    return sorted({match[SUBJECT] for match in matches if match})


def _pattern(name: str) -> re.Pattern[str]:
    """Return what matches a file's name and tells the subject in it."""
    first, *others = map(re.escape, name.split(PLACE))
    repeated = f"(?P={SUBJECT})"
    return re.compile(f"{first}(?P<{SUBJECT}>.+?){repeated.join(others)}")
