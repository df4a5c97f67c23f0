"""Where files of the repository lie on the site, and links between them rewritten accordingly."""

import posixpath
import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}  # beside docs
FILES = "files"  # folder on the site of linked files that are no pages
LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\])\(([^()\s]+)\)")
FENCE = re.compile(r"(^```.*?^```$|^(?: {4}[^\n]*\n?)+)", re.M | re.S)
EXTERNAL = re.compile(r"[a-z]+:|#")


def site_path(path: str) -> str | None:
    """Return the place on the site of a file of the repository; None for folders, which have none.

    Raises:
        FileNotFoundError: if there is no such file.
    """
    if not (ROOT / path).exists():
        raise FileNotFoundError(f"a link leads to {path}, which is not there")
    if (ROOT / path).is_dir():
        return None
    return PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else f"{FILES}/{path}")


def rewritten(text: str, page: str) -> str:
    """Return the Markdown of a page of the repository with its links as they are on the site.

    Links to folders become plain text; code is left alone.

    Raises:
        FileNotFoundError: if a link leads nowhere.
    """
    return outside_code(text, lambda part: LINK.sub(lambda match: _link(match, page), part))


def linked(text: str, page: str) -> set[str]:
    """Return the files of the repository that a page links to."""
    found: set[str] = set()

    def collect(part: str) -> str:
        found.update(_target(match[2], page)[0] for match in LINK.finditer(part) if not EXTERNAL.match(match[2]))
        return part

    outside_code(text, collect)
    return {path for path in found if (ROOT / path).is_file()}


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """Return a text with everything changed that is no block of code."""
    parts = FENCE.split(text)
    return "".join(part if index % 2 else change(part) for index, part in enumerate(parts))


def _link(match: re.Match[str], page: str) -> str:
    words, target = match[1], match[2]
    if EXTERNAL.match(target):
        return match[0]
    path, anchor = _target(target, page)
    place, here = site_path(path), site_path(page)
    if place is None or here is None:
        return words.removeprefix("!")[1:-1]
    return f"{words}({posixpath.relpath(place, posixpath.dirname(here) or '.')}{anchor})"


def _target(target: str, page: str) -> tuple[str, str]:
    path, hash_, anchor = target.partition("#")
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), path)), hash_ + anchor
