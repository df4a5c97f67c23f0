"""Keys that are written twice in one mapping of a YAML file: YAML would silently take the last one."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

SUFFIXES = (".yaml", ".yml")


def check_keys(arguments: Sequence[str]) -> None:
    """Raise ValueError if a YAML file among the arguments of a command has a key twice."""
    for argument in arguments:
        path = Path(argument.rpartition("=")[2])
        if path.suffix.lower() in SUFFIXES and path.is_file():
            for name, line in repeated_keys(path):
                raise ValueError(f"{path} has the key {name!r} twice in one place, again in line {line}: keep one")


def repeated_keys(path: Path) -> Iterator[tuple[str, int]]:
    """Yield keys that their mapping has already, with their lines; nothing for a file that is no YAML."""
    try:
        nodes = [yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)]
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return  # told when it is read
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in seen:
                    yield key.value, key.start_mark.line + 1
                seen |= {key.value} if isinstance(key, yaml.ScalarNode) else set()
                nodes.append(value)
