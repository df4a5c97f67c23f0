"""UK Biobank's archives as they are downloaded: one zip a participant, field and visit, read without unpacking."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cmr_ssl.dicom.archive import Limits
from cmr_ssl.dicom.archived_study import read_study
from cmr_ssl.files import stamp
from cmr_ssl.study import Finding, Study

LONG_AXIS_FIELD, SHORT_AXIS_FIELD = "20208", "20209"
FIRST_VISIT = "2"  # UK Biobank's number of the first imaging visit
ARRAYS = range(4)  # array indices, mostly 0
ZIP = re.compile(rf"(\d+)_(?:{LONG_AXIS_FIELD}|{SHORT_AXIS_FIELD})_(\d+)_[{ARRAYS.start}-{ARRAYS.stop - 1}]\.zip")
LIMITS = Limits()
NOT_FOLLOWED = "which is not followed: name the folder it points to, or put a copy in its place"


@dataclass(frozen=True)
class UkbZips:
    """Studies in zips; a participant's repeat visit is a subject of its own, ``<id>_3``."""

    folder: Path  # the folder the zips lie below
    folders: tuple[Path, ...]  # those of its sub-folders, itself included, that hold zips
    limits: Limits = LIMITS  # how much of one archive is worth reading
    overlays: bool = False  # label the short axis by the contours of the scanner's own analysis

    def subjects(self) -> list[str]:
        """Return the ids of all visits, sorted."""
        names = (path.name for folder in self.folders for path in folder.iterdir())
        return sorted({subject_of(*match.groups()) for name in names if (match := ZIP.fullmatch(name))})

    def fingerprint(self, subject: str) -> str:
        """Return a digest of the names, sizes and times of the subject's zips.

        Raises:
            FileNotFoundError: if they are gone.
        """
        archives = self.archives(subject)
        if not archives:
            raise FileNotFoundError(f"its archives are no longer in {self.folder}")
        return stamp((path.name, path.stat() if path.exists() else path.lstat()) for path in archives)

    def read(self, subject: str) -> Study:
        """Read one subject; whatever is wrong with its zips becomes a finding."""
        return read_study(subject, self.archives(subject), self.limits, self.overlays)

    def archives(self, subject: str) -> list[Path]:
        """Return the zips of a subject."""
        participant, _, visit = subject.partition("_")
        return [
            path
            for folder in self.folders
            if not folder.name.isdigit() or participant.startswith(folder.name)
            for field in (LONG_AXIS_FIELD, SHORT_AXIS_FIELD)
            for array in ARRAYS
            if _exists(path := folder / f"{participant}_{field}_{visit or FIRST_VISIT}_{array}.zip")
        ]

    def unread(self) -> dict[str, Finding]:
        """Return the names of linked folders, which are not followed, with what to do about each."""
        linked = [path for path in _linked_folders(self.folder) if path.name[0] != "."]
        said = {path.name: f"{path.name} is a link to {path.readlink()}, {NOT_FOLLOWED}" for path in linked}
        return {name: Finding("link", "rejected", "", message) for name, message in said.items()}


def find_zips(folder: Path, overlays: bool = False) -> UkbZips:
    """Return the zips below a folder; with `overlays` their contours become labels.

    Raises:
        FileNotFoundError: if the folder is missing or holds none.
    """
    folders = sorted(Path(parent) for parent, names in _walk(folder) if any(map(ZIP.fullmatch, names)))
    if not folders and (linked := _linked_folders(folder)):
        raise FileNotFoundError(
            f"{folder} holds only links ({', '.join(path.name for path in linked)}), {NOT_FOLLOWED}"
        )
    if not folders:
        raise FileNotFoundError(
            f"{folder} holds no archive like 900000001_{SHORT_AXIS_FIELD}_2_0.zip: name the folder of the downloads"
        )
    return UkbZips(folder, tuple(folders), overlays=overlays)


def holds_zips(folder: Path) -> bool:
    """Tell whether the first files found below a folder are UK Biobank's zips."""
    return next((any(map(ZIP.fullmatch, names)) for _, names in _walk(folder) if names), False)


def _walk(folder: Path) -> Iterator[tuple[str, list[str]]]:
    for parent, folders, names in os.walk(folder, onerror=_raise_unless_missing):
        folders.sort()
        yield parent, names


def _raise_unless_missing(error: OSError) -> None:
    """Raise errors that would hide zips; a missing folder holds none."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _linked_folders(folder: Path) -> list[Path]:
    walk = os.walk(folder, onerror=_raise_unless_missing)
    paths = (Path(parent) / name for parent, folders, _ in walk for name in folders)
    return sorted(path for path in paths if path.is_symlink())


def _exists(path: Path) -> bool:
    """Tell whether a path is a file or any link; broken ones are a finding when they are read."""
    return path.is_file() or path.is_symlink()


def subject_of(participant: str, visit: str) -> str:
    """Return the subject id of a participant's visit."""
    return participant if visit == FIRST_VISIT else f"{participant}_{visit}"
