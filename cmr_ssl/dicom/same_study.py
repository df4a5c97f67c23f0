"""Sub-folders or zips that hold series of one study, recognised by the first image of each."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cmr_ssl.dicom.archive import Limits, Member, open_archive
from cmr_ssl.dicom.elements import Elements, Refusal
from cmr_ssl.dicom.file_issues import FileIssues
from cmr_ssl.dicom.header import read_values
from cmr_ssl.dicom.tags import Tag

FILES_TRIED = 10  # of a folder or zip until the first image
StudyFolders = dict[str, list[Path]]
Key = tuple[str, ...]


class StudyKeys(NamedTuple):
    """Identity of the images in a folder or zip."""

    keys: tuple[Key, ...]  # of the study, and of the patient on one table; two folders that share one hold one study
    series: str  # UID of the first series, empty without images; a copy of a study begins with the same


def entry_name(path: Path) -> str:
    """Return the name of a folder, or that of a zip without its suffix."""
    return path.stem if path.is_file() else path.name


def group_by_study(entries: list[Path], whole: str, limits: Limits) -> StudyFolders:
    """Return the folders and zips of each subject; if all images are of one, its name is `whole`.

    Raises:
        OSError: if the machine failed.
    """
    paths: StudyFolders = {}
    for path in entries:
        paths.setdefault(entry_name(path), []).append(path)
    if len(paths) < 2:
        return paths
    groups = _groups(paths, limits)
    imaged = [names for names, has_images in groups if has_images]
    only = imaged[0] if len(imaged) == 1 and len(imaged[0]) > 1 else None
    return {
        whole if names is only else names[0]: [path for name in names for path in paths[name]] for names, _ in groups
    }


def _groups(named: StudyFolders, limits: Limits) -> list[tuple[list[str], bool]]:
    """Return the names of each study, and whether it has images."""
    groups: list[tuple[list[str], bool]] = []
    group_of: dict[Key, list[str]] = {}
    series: set[str] = set()
    for name, paths in named.items():
        study = _study_keys(paths[0], limits)
        kind = paths[0].suffix if paths[0].is_file() else "/"
        keys = [(kind, *key) for key in study.keys] if len(paths) == 1 else []
        group = next((group_of[key] for key in keys if key in group_of), None)
        if group is None or study.series in series:
            group = []
            groups.append((group, study.series != ""))
        group.append(name)
        for key in keys:
            group_of.setdefault(key, group)
        series.add(study.series)
    return groups


def _study_keys(path: Path, limits: Limits) -> StudyKeys:
    """Return the identity of the first image of a folder or zip."""
    try:
        with open_archive(path, limits, FileIssues()) as members:
            values = next(_images(members), None)
    except ValueError:  # a finding when it is read
        values = None
    if values is None:
        return StudyKeys((), "")
    patient, day, frame, study, series = (
        values.text(tag) for tag in (Tag.PATIENT, Tag.STUDY_DATE, Tag.REFERENCE, Tag.STUDY, Tag.SERIES)
    )
    keys = [(patient, study)] if study else []
    return StudyKeys((*keys, *([(patient, day, frame)] if patient and frame else [])), series)


def _images(members: list[Member]) -> Iterator[Elements]:
    for member in members[:FILES_TRIED]:
        with suppress(Refusal):
            yield read_values(member)
