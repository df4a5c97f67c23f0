"""Anybody's DICOM studies: one sub-folder or one zip a subject, in whatever order and depth its files lie."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cmr_ssl.data.study import Study
from cmr_ssl.dicom.archive import Limits
from cmr_ssl.dicom.reading import read_study

LIMITS = Limits()
MAGIC_AT, MAGIC = 128, b"DICM"
LOOKED_AT = 20  # files of a folder that tell whether it is itself a study


@dataclass(frozen=True)
class DicomFolder:
    """Studies in the zips and sub-folders of one folder, or one study whose files lie in it directly.

    Attributes:
        folder: the folder.
        limits: how much of one archive is worth reading.
    """

    folder: Path
    limits: Limits = LIMITS

    def subjects(self) -> list[str]:
        """Return the names of sub-folders and zips, sorted, or the folder's own name.

        Raises:
            FileNotFoundError: if the folder is missing, or holds neither.
        """
        if not self.folder.is_dir():
            raise FileNotFoundError(f"{self.folder} is no folder: name one with a sub-folder or zip of DICOM a subject")
        if self._is_study():
            return [self.folder.resolve().name]
        entries = [path for path in self.folder.iterdir() if path.name[0] != "." and not path.is_symlink()]
        names = {path.name if path.is_dir() else path.stem for path in entries if path.is_dir() or _is_zip(path)}
        if not names:
            raise FileNotFoundError(
                f"{self.folder} holds no sub-folder, zip or DICOM file: name a folder with one of them a subject"
            )
        return sorted(name for name in names if name[0] != ".")

    def fingerprint(self, subject: str) -> str:
        """Return a digest of the names, sizes and times of the subject's files."""
        files = [file for path in self.archives(subject) for file in ([path] if path.is_file() else _below(path))]
        lines = [f"{file} {status.st_size} {status.st_mtime_ns}" for file in files for status in [file.lstat()]]
        return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()[:16]

    def read(self, subject: str) -> Study:
        """Read one subject; whatever is wrong with its files becomes a finding."""
        return read_study(subject, self.archives(subject), self.limits)

    def archives(self, subject: str) -> list[Path]:
        """Return the folder and the zip of a subject, as far as there are any."""
        if self._is_study():
            return [self.folder]
        folder, zipped = self.folder / subject, self.folder / f"{subject}.zip"
        return [*([folder] if folder.is_dir() else []), *([zipped] if zipped.is_file() else [])]

    def _is_study(self) -> bool:
        """Tell whether DICOM files lie in the folder itself."""
        files = [path for path in sorted(self.folder.iterdir()) if path.is_file() and not path.is_symlink()]
        return any(_is_dicom(path) for path in files[:LOOKED_AT])


def _is_zip(path: Path) -> bool:
    return path.suffix == ".zip" and path.is_file()


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(MAGIC_AT + len(MAGIC))[MAGIC_AT:] == MAGIC


def _below(folder: Path) -> list[Path]:
    return sorted(Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
