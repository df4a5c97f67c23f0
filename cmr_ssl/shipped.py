"""Settings that come with the package are found by name, wherever a command runs."""

import re
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
FOLDERS = (HERE / "configs", HERE.parent / "configs")  # of an installed wheel, of a clone
NAME = re.compile(r"(?!null$)[\w./-]+")  # settings written out have other characters
KINDS = {
    "--config": "",
    "-c": "",
    "--preparation": "preparation",
    "--files": "sources",
    "--policy": "policy",
}  # by option


def shipped(name: str, kind: str = "") -> Path | None:
    """Return a file that comes with the package; None where there is none of that name.

    Args:
        name: such as `phenotype`, `additions/robust`, or `configs/phenotype.yaml`, its path in a clone.
        kind: folder of the configs in which it is looked for.
    """
    inside = Path(name.removeprefix("configs/"))
    if not inside.name:
        return None
    relative = inside if name.startswith("configs/") else Path(kind) / inside
    places = (folder / relative.with_suffix(".yaml") for folder in FOLDERS)
    return next((place for place in places if place.is_file()), None)


def names(kind: str = "") -> list[str]:
    """Return what `shipped` knows of a kind."""
    found = {path.stem for folder in FOLDERS for path in (folder / kind).glob("*.yaml")}
    return sorted(found)


def found(arguments: Sequence[str]) -> list[str]:
    """Return arguments in which options that name what comes with the package hold its path.

    A file of that name comes first.

    Raises:
        FileNotFoundError: if what an option names is neither a file nor comes with the package.
    """
    options = ["", *arguments]
    return [resolved(option, argument) for option, argument in zip(options, arguments, strict=False)]


def resolved(option: str, argument: str) -> str:
    """Return an argument, with the path of what it names, given the one before it."""
    head, equals, value = argument.partition("=")
    if equals and head in KINDS:
        return f"{head}={resolved(head, value)}"
    own = Path(argument)
    if option not in KINDS or (own.exists() and not own.is_dir()):  # a pipe is no file, but can be read
        return argument
    place = shipped(argument, KINDS[option])
    if place is None and (KINDS[option] == "" or NAME.fullmatch(argument)):
        raise FileNotFoundError(
            f"there is no file {argument}, and no config of that name comes with the package: give a YAML file or one "
            f"of {', '.join(names(KINDS[option]))}"
        )
    return str(place or argument)
