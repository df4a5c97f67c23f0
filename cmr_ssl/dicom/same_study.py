"""Which sub-folders, or which zips, hold series of one study: the first image of each tells."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cmr_ssl.dicom.archive import Limits, Member, open_archive
from cmr_ssl.dicom.elements import Elements, Refusal
from cmr_ssl.dicom.file_issues import FileIssues
from cmr_ssl.dicom.header import read_values
from cmr_ssl.dicom.tags import Tag

LOOKED_AT = 10  # files of a folder or zip until the first image
StudyFolders = dict[str, list[Path]]
Key = tuple[str, ...]


class StudyKeys(NamedTuple):
    """What tells whose images lie somewhere.

    Attributes:
        keys: of the study, and of the patient on one table; two places that share one hold one study.
        series: the first one there; a copy of a study begins with the same.
    """

    keys: tuple[Key, ...]
    series: str


def group_by_study(entries: list[Path], whole: str, limits: Limits) -> StudyFolders:
    """Return the folders and zips of each subject.

    Args:
        entries: folders and zips, sorted.
        whole: name of the subject if all images are of one.
        limits: how much of one archive is worth reading.

    Raises:
        OSError: if the machine failed.
    """
    named: StudyFolders = {}
    for path in entries:
        named.setdefault(path.stem if path.is_file() else path.name, []).append(path)
    if len(named) < 2:
        return named
    groups = _groups(named, limits)
    imaged = [names for names, images in groups if images]
    alone = imaged[0] if len(imaged) == 1 and len(imaged[0]) > 1 else None
    return {
        whole if names is alone else names[0]: [path for name in names for path in named[name]] for names, _ in groups
    }


def _groups(named: StudyFolders, limits: Limits) -> list[tuple[list[str], bool]]:
    """Return names of one study together, and whether there are images."""
    groups: list[tuple[list[str], bool]] = []
    known: dict[Key, list[str]] = {}
    series: set[str] = set()
    for name, paths in named.items():
        whose = _study_keys(paths[0], limits)
        keys = [(paths[0].suffix if paths[0].is_file() else "/", *key) for key in whose.keys] if len(paths) == 1 else []
        own = next((known[key] for key in keys if key in known), None)
        if own is None or whose.series in series:
            own = []
            groups.append((own, whose.series != ""))
        own.append(name)
        known |= {key: own for key in keys if key not in known}
        series.add(whose.series)
    return groups


def _study_keys(path: Path, limits: Limits) -> StudyKeys:
    """Return whose the first image of a folder or zip is."""
    try:
        with open_archive(path, limits, FileIssues()) as members:
            values = next(_images(members), None)
    except ValueError:  # said when it is read
        return StudyKeys((), "")
    if values is None:
        return StudyKeys((), "")
    patient, day, frame, study, series = (
        values.text(tag) for tag in (Tag.PATIENT, Tag.STUDY_DATE, Tag.REFERENCE, Tag.STUDY, Tag.SERIES)
    )
    keys = [(patient, study)] if study else []
    return StudyKeys((*keys, *([(patient, day, frame)] if patient and frame else [])), series)


def _images(members: list[Member]) -> Iterator[Elements]:
    for member in members[:LOOKED_AT]:
        try:
            yield read_values(member)
        except Refusal:
            continue
