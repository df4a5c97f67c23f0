"""Settings that come with the package are found by name, wherever a command runs."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).parent
FOLDERS = (HERE / "configs", HERE.parent / "configs")  # of an installed wheel, of a clone
NAME = re.compile(r"(?!null$)[\w./-]+")  # settings written out have other characters
CONFIG = ("--config", "-c")
DEFAULTS = "defaults.yaml"  # what the configs of a folder lie on
KINDS = {
    **dict.fromkeys(CONFIG, ""),
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
    stems = {path.stem for folder in FOLDERS for path in (folder / kind).glob("*.yaml") if path.name != DEFAULTS}
    return sorted(stems)


def with_paths(arguments: Sequence[str]) -> list[str]:
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
    if option not in KINDS or is_file(argument):
        return argument
    place = shipped(argument, KINDS[option])
    if place is None and (KINDS[option] == "" or NAME.fullmatch(argument)):
        raise FileNotFoundError(
            f"there is no file {argument}, and no config of that name comes with the package: give a YAML file or one "
            f"of {', '.join(names(KINDS[option]))}"
        )
    return str(place or argument)


def is_file(argument: str) -> bool:
    """Tell whether an argument is a file, a pipe, which can be read, too, or settings written out in braces."""
    return argument.startswith("{") or (Path(argument).exists() and not Path(argument).is_dir())


def layered(arguments: Sequence[str]) -> list[str]:
    """Return arguments in which each config lies on the defaults of the package and on those of its own folder.

    A config is laid over what is given before it. So the ``defaults.yaml`` of the package comes first, and one beside a
    config comes right before that config, once.
    """
    first = str(shipped("defaults"))
    layers, merged = [f"--config={first}"], {Path(first).resolve()}
    for word in one_word(arguments):
        head, _, value = word.partition("=")
        if head in CONFIG and not value.startswith("{"):
            beside = Path(value).parent / DEFAULTS
            if beside.is_file() and beside.resolve() not in merged:
                layers.append(f"--config={beside}")
                merged.add(beside.resolve())
        layers.append(word)
    return layers


def one_word(arguments: Sequence[str]) -> Iterator[str]:
    """Yield arguments, a config and its option as one word."""
    words = iter(arguments)
    for word in words:
        yield f"--config={next(words, '')}" if word in CONFIG else word
