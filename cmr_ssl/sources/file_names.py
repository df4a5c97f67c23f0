"""Templates of file names that differ between subjects, such as ``{subject}_frame{ED:02d}.nii.gz``.

`{subject}` is the name of the subject's folder. Other names are read from a text file of facts in that folder with one
``name: value`` a line, such as ACDC's ``Info.cfg``.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from string import Formatter

from cmr_ssl.machine import raise_if_machine

SUBJECT = "subject"
FRAME = "frame"  # told by the names of a flat folder of label maps, a file a frame
MAX_BYTES = 1 << 20  # of a file of facts
SAFE_VALUE = re.compile(r"[\w .+-]*", re.ASCII)  # cannot lead to another folder

Facts = Mapping[str, int | str]


def placeholders(template: str) -> list[str]:
    """Return the names between the braces of a template; raise ValueError if it is malformed."""
    try:
        names = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise ValueError(f"file name {template!r}: {error}") from error
    for name in names:
        if not name.isidentifier():
            raise ValueError(f"file name {template!r}: {{{name}}} is no name; write {{subject}} or a name of the facts")
    return names


def fill(template: str, facts: Facts) -> str:
    """Fill in a template; raise ValueError if a name is missing or its value is unsafe in a file name."""
    for name in placeholders(template):
        if name not in facts:
            raise ValueError(f"{template!r} needs {name}, but it is only told {', '.join(facts)}")
        if name != SUBJECT and not SAFE_VALUE.fullmatch(str(facts[name])):
            raise ValueError(f"{template!r} needs {name}, but {facts[name]!r} cannot stand in a file name")
    try:
        return template.format_map(facts)
    except ValueError as error:
        raise ValueError(f"{template!r} cannot be filled in with {dict(facts)}: {error}") from error


def read_facts(path: Path) -> dict[str, int | str]:
    """Read the ``name: value`` lines of a file, whole numbers as int; raise ValueError if it is not a small text."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"{path.name} is too large to be a list of names and values")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise_if_machine(error)
        raise ValueError(f"{path.name}, which tells the file names, cannot be read ({error})") from error
    pairs = (map(str.strip, line.split(":", 1)) for line in lines if ":" in line)
    return {name: int(value) if re.fullmatch(r"[0-9]{1,9}", value) else value for name, value in pairs}
