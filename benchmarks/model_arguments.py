"""What a config says of its model, for benchmarks that change or reuse a part of it."""

from pathlib import Path
from typing import Any

import yaml


def model_arguments(config: str | Path) -> dict[str, Any]:
    """Return the arguments of a config's model by name, and for one that names a file what is in it."""
    arguments = yaml.safe_load(Path(config).read_text())["model"]["init_args"]
    paths = {name: Path(config).parent / value for name, value in arguments.items() if str(value).endswith(".yaml")}
    return arguments | {name: yaml.safe_load(path.read_text()) for name, path in paths.items()}
