"""File names that differ from subject to subject: templates such as ``{subject}_frame{ED:02d}.nii.gz``, filled in.

`{subject}` is the name of the subject's folder. All other names come from a small text file in that folder, which says
one ``name: value`` a line, as ACDC's ``Info.cfg`` does.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from string import Formatter

from cmr_ssl.machine import raise_if_machine

SUBJECT = "subject"
LARGEST = 1 << 20  # bytes of a file of facts; anything larger is something else
HARMLESS = re.compile(r"[\w .+-]*", re.ASCII)  # of a value in a file name: it names no other folder

Facts = Mapping[str, int | str]


def placeholders(template: str) -> list[str]:
    """Return the names between the braces of a template.

    Raises:
        ValueError: if the template is none.
    """
    try:
        found = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise ValueError(f"file name {template!r}: {error}") from error
    odd = [name for name in found if not name.isidentifier()]
    if odd:
        raise ValueError(f"file name {template!r}: {{{odd[0]}}} is no name; write {{subject}} or a name of the facts")
    return found


def fill(template: str, facts: Facts) -> str:
    """Return a template with its names replaced.

    Raises:
        ValueError: if the facts do not tell a name, or tell something that cannot stand in a file name.
    """
    for name in placeholders(template):
        if name not in facts:
            raise ValueError(f"{template!r} needs {name}, but it is only told {', '.join(facts)}")
        if name != SUBJECT and not HARMLESS.fullmatch(str(facts[name])):
            raise ValueError(f"{template!r} needs {name}, but {facts[name]!r} cannot stand in a file name")
    try:
        return template.format_map(facts)
    except ValueError as error:
        raise ValueError(f"{template!r} cannot be filled in with {dict(facts)}: {error}") from error


def read_facts(path: Path) -> dict[str, int | str]:
    """Return what a file of ``name: value`` lines says, whole numbers as such; other lines count for nothing.

    Raises:
        ValueError: if there is no such file or it is no text.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"{path.name} is too large to be a list of names and values")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise_if_machine(error)
        raise ValueError(f"{path.name}, which tells the file names, cannot be read ({error})") from error
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {name.strip(): _value(value.strip()) for name, value in pairs}


def _value(text: str) -> int | str:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text
