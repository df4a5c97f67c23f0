"""Models that are kept on a hub, by their id; nothing is asked of a network unless that is wanted."""

import re
from pathlib import Path

from cmr_ssl.exported import CARD, CONFIG
from cmr_ssl.files import EXPORTED

ID = re.compile(r"[\w.-]+/[\w.-]+")
FILES = [EXPORTED, CONFIG, CARD]


def is_id(path: Path | str) -> bool:
    """Tell whether this is the id of a model on a hub: owner/name, and nothing of that name here."""
    return ID.fullmatch(str(path)) is not None and not Path(path).parent.exists()


def fetched(name: str, download: bool) -> Path:
    """Return the folder in which the files of a model lie.

    Args:
        name: owner/name.
        download: whether to ask the hub for what is not here yet.

    Raises:
        FileNotFoundError: if they are not here and not to be had.
    """
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise FileNotFoundError(
            f"there is no {name} here; if it is the id of a model on a hub: pip install huggingface_hub"
        ) from error
    try:
        return Path(snapshot_download(name, allow_patterns=FILES, local_files_only=not download))
    except (OSError, ValueError) as error:
        what = "cannot be had" if download else "was not downloaded yet: give download=True"
        raise FileNotFoundError(f"the model {name} {what} ({str(error).splitlines()[0]})") from error
