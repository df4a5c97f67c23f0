"""Where the NIfTI files of a subject are: under the name they should have, or packed otherwise."""

import gzip
from collections.abc import Iterable
from pathlib import Path

from cmr_ssl.machine import is_dir, is_file

PACKED, PLAIN = ".nii.gz", ".nii"


def there(folder: Path, name: str) -> bool:
    """Tell whether a file is there, packed or not."""
    return any(is_file(folder / one) for one in spellings(name))


def locate(folder: Path, name: str) -> Path:
    """Return the path of a file, packed or not; the one it should have where there is none.

    Raises:
        ValueError: if it is there packed and plain, and the two differ; one sentence.
    """
    found = [folder / one for one in spellings(name) if is_file(folder / one)]
    if len(found) > 1 and _content(found[0]) != _content(found[1]):
        raise ValueError(f"{found[0].name} and {found[1].name} are both there and differ: remove the wrong one")
    return found[0] if found else folder / name


def spellings(name: str) -> tuple[str, ...]:
    """Return the name of a NIfTI file, packed and plain, as it should be first; any other name alone."""
    if name.endswith(PACKED):
        return name, name.removesuffix(".gz")
    return (name, f"{name}.gz") if name.endswith(PLAIN) else (name,)


def overlooked(folder: Path, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return which of `names` other files of a folder resemble, and those files: other case, format, or a broken link.

    Args:
        folder: of a subject.
        names: files that are read if they are there.
    """
    if not is_dir(folder):
        return []
    known = {spelling for name in names for spelling in spellings(name)}
    stems = {_stem(name): name for name in names}
    files = sorted(path for path in folder.iterdir() if not is_dir(path))
    strange = [path.name for path in files if path.name not in known or not is_file(path)]
    return [(stems[_stem(name)], name) for name in strange if _stem(name) in stems and _is_image(name)]


def one_subject(folder: Path) -> str:
    """Say what to name instead of the folder of one subject."""
    folder = folder.absolute()
    return f"{folder} is itself the folder of one subject: name the folder above it, {folder.parent}"


def _stem(name: str) -> str:
    return name.split(".")[0].casefold()


def _is_image(name: str) -> bool:
    return not name.casefold().endswith((".json", ".txt", ".csv", ".png", ".gif", ".md", ".yaml", ".log"))


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
