"""Where the NIfTI files of a subject are, compressed or not."""

import gzip
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from cmr_ssl.machine import is_dir, is_file


def subject_folders(folder: Path, holds: Callable[[str], bool], names: Sequence[str], remedy: str) -> list[str]:
    """Return the names of the sub-folders of a folder, sorted.

    Args:
        folder: with one sub-folder a subject.
        holds: tells whether a sub-folder, or "." for the folder itself, holds one of the files `names`.
        names: of the files that are read.
        remedy: how to name other files, for the error.

    Raises:
        FileNotFoundError: if the folder is missing, or none of its sub-folders holds such a file.
    """
    if not is_dir(folder):
        raise FileNotFoundError(f"{folder} is no folder: name one with a sub-folder a subject")
    subjects = sorted(path.name for path in folder.iterdir() if path.name[0] != "." and is_dir(path))
    if any(map(holds, subjects)):
        return subjects
    if holds("."):
        folder = folder.absolute()
        raise FileNotFoundError(
            f"{folder} is itself the folder of one subject: name the folder above it, {folder.parent}"
        )
    raise FileNotFoundError(
        f"none of the {len(subjects)} sub-folders of {folder} holds one of {', '.join(names)}: check the folder, or "
        f"{remedy}"
    )


def image_exists(folder: Path, name: str) -> bool:
    """Tell whether a file is there, compressed or not."""
    return any(is_file(folder / spelling) for spelling in spellings(name))


def locate(folder: Path, name: str) -> Path:
    """Return the path of a file, compressed or not, existing or not; raise ValueError if both exist and differ."""
    paths = [folder / spelling for spelling in spellings(name) if is_file(folder / spelling)]
    if len(paths) > 1 and _content(paths[0]) != _content(paths[1]):
        raise ValueError(f"{paths[0].name} and {paths[1].name} are both there and differ: remove the wrong one")
    return paths[0] if paths else folder / name


def spellings(name: str) -> tuple[str, ...]:
    """Return the name of a NIfTI file as given, then compressed or plain instead; any other name alone."""
    if name.endswith(".nii.gz"):
        return name, name.removesuffix(".gz")
    return (name, f"{name}.gz") if name.endswith(".nii") else (name,)


def overlooked(folder: Path, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of a name that is read and a file that resembles it: other case, format, broken link or folder."""
    if not is_dir(folder):
        return []
    names = list(names)
    read = {spelling for name in names for spelling in spellings(name)}
    stems = {_stem(name): name for name in names}
    files = sorted(path for path in folder.iterdir() if not is_dir(path) or path.name in read)
    unread = [path.name for path in files if path.name not in read or not is_file(path)]
    return [(stems[_stem(name)], name) for name in unread if _stem(name) in stems and _is_image(name)]


def numbered(folder: Path, name: str) -> list[str]:
    """Return the images that are called as a missing one, with a number behind: parts of it, or copies."""
    if not is_dir(folder) or image_exists(folder, name):
        return []
    pattern = re.compile(rf"{re.escape(_stem(name))}[\W_]*(?:[a-z]+[\W_]*)?\d+\W*")
    files = sorted(path.name for path in folder.iterdir() if is_file(path) and path.name[0] != ".")
    return [file for file in files if _is_image(file) and ".nii" in file.casefold() and pattern.fullmatch(_stem(file))]


def _stem(name: str) -> str:
    return name.split(".")[0].casefold()


def _is_image(name: str) -> bool:
    return not name.casefold().endswith((".json", ".txt", ".csv", ".png", ".gif", ".md", ".yaml", ".log"))


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
