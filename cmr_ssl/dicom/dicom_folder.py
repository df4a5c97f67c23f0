"""DICOM studies of any origin: one sub-folder or one zip a subject, with files in any order and depth."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cmr_ssl.dicom.archive import Limits, raise_walk_error
from cmr_ssl.dicom.archived_study import read_study
from cmr_ssl.dicom.elements import META_AT, start_of
from cmr_ssl.dicom.same_study import StudyFolders, entry_name, group_by_study
from cmr_ssl.files import stamp
from cmr_ssl.study import Finding, Study

LIMITS = Limits()
FILES_TRIED = 20  # to tell whether a folder is itself a study
NOT_FOLLOWED = "which is not followed: give what it points to as --source, or put a copy in its place"
NO_ZIP = "is packed in another way than zip and was not opened: unpack it into a folder of its name"
OTHER_PACKAGES = (".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".iso", ".zst")
MAC_FOLDER = "__MACOSX"  # in zips made on a Mac: attributes of the other files
NAMED = 3  # names in a message


@dataclass(frozen=True)
class DicomFolder:
    """Studies in the zips and sub-folders of one folder, or one study whose files lie in it directly.

    Sub-folders that hold series of one study are one subject.
    """

    folder: Path  # the folder
    limits: Limits = LIMITS  # how much of one archive is worth reading

    def subjects(self) -> list[str]:
        """Return the names of sub-folders and zips, sorted, or the folder's own name.

        Raises:
            FileNotFoundError: if the folder is missing, or holds neither.
        """
        if not self.folder.is_dir():
            raise FileNotFoundError(f"{self.folder} is no folder: name one with a sub-folder or zip of DICOM a subject")
        if self._is_study:
            return [self.folder.resolve().name]
        if not self._archives and (unread := self.unread()):
            names, count = ", ".join([*unread][:NAMED]), len(unread) - NAMED
            more = f" and {count} more" if count > 0 else ""
            raise FileNotFoundError(
                f"{self.folder} holds only what cannot be read ({names}{more}): {next(iter(unread.values())).message}"
            )
        if not self._archives:
            raise FileNotFoundError(
                f"{self.folder} holds no sub-folder, zip or DICOM file: name a folder with one of them a subject"
            )
        return sorted(self._archives)

    def unread(self) -> dict[str, Finding]:
        """Return the names of links and of archives other than zips, which are not read, with what to do about each."""
        entries = [] if self._is_study else _entries(self.folder)
        links = [path for path in entries if path.is_symlink()]
        said = {path.name: _rejected("link", f"is a link to {path.readlink()}, {NOT_FOLLOWED}", path) for path in links}
        packed = [path for path in entries if not path.is_symlink() and is_other_package(path)]
        return said | {path.name: _rejected("bad-archive", NO_ZIP, path) for path in packed}

    def fingerprint(self, subject: str) -> str:
        """Return a digest of the names, sizes and times of the subject's files."""
        files = [file for path in self.archives(subject) for file in ([path] if path.is_file() else _below(path))]
        return stamp((file, file.lstat()) for file in files)

    def read(self, subject: str) -> Study:
        """Read one subject; whatever is wrong with its files becomes a finding."""
        archives = self.archives(subject)
        study = read_study(subject, archives, self.limits)
        if len({*self.names(subject)}) > 1:
            message = f"{', '.join(path.name for path in archives)} hold series of one study and are one subject"
            study.findings.insert(0, Finding("one-study", "noted", "", message, len(archives)))
        return study

    def archives(self, subject: str) -> list[Path]:
        """Return the existing folders and zips of a subject."""
        return [self.folder] if self._is_study else list(self._archives.get(subject, ()))

    def names(self, subject: str) -> list[str]:
        """Return the names of a subject's folders and zips, without suffix."""
        return [entry_name(path) for path in self.archives(subject)]

    @cached_property
    def _archives(self) -> StudyFolders:
        """Folders and zips of every subject, found once and pickled to the workers."""
        entries = [path for path in _entries(self.folder) if not (path.is_symlink() or is_other_package(path))]
        return group_by_study(entries, self.folder.resolve().name, self.limits)

    @cached_property
    def _is_study(self) -> bool:
        """Tell whether DICOM files lie in the folder itself."""
        files = [path for path in sorted(self.folder.iterdir()) if path.is_file() and not path.is_symlink()]
        return any(_is_dicom(path) for path in files[:FILES_TRIED] if not (_is_zip(path) or is_other_package(path)))


def is_other_package(path: Path) -> bool:
    """Tell whether a file is named as an archive other than a zip."""
    return path.suffix.lower() in OTHER_PACKAGES and path.is_file()


def _entries(folder: Path) -> list[Path]:
    """Return folders, archives and links, sorted."""
    shown = [path for path in folder.iterdir() if path.name[0] != "." and path.name != MAC_FOLDER]
    return sorted(
        path for path in shown if path.is_dir() or _is_zip(path) or path.is_symlink() or is_other_package(path)
    )


def _rejected(code: str, sentence: str, path: Path) -> Finding:
    return Finding(code, "rejected", "", f"{path.name} {sentence}")


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip" and path.is_file()


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as stream:
        return start_of(stream.read(2 * META_AT)) is not None


def _below(folder: Path) -> list[Path]:
    walk = os.walk(folder, onerror=raise_walk_error)
    return sorted(Path(parent) / name for parent, _, names in walk for name in names)
