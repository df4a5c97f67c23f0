"""Models on a hub by their id; the network is used only where a download is allowed."""

import re
from pathlib import Path

from cmr_ssl.exported import CARD, CONFIG
from cmr_ssl.files import EXPORTED

ID = re.compile(r"[\w.-]+/[\w.-]+")
FILES = [EXPORTED, CONFIG, CARD]


def is_id(path: Path | str) -> bool:
    """Tell whether this is the id of a model on a hub, owner/name, and no local path."""
    return ID.fullmatch(str(path)) is not None and not Path(path).parent.exists()


def local_folder(name: str, download: bool) -> Path:
    """Return the local folder of a hub model, downloading it if allowed; raise FileNotFoundError if it is missing."""
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise FileNotFoundError(
            f"there is no {name} here; if it is the id of a model on a hub: pip install huggingface_hub"
        ) from error
    try:
        return Path(snapshot_download(name, allow_patterns=FILES, local_files_only=not download))
    except (OSError, ValueError) as error:
        why = "cannot be had" if download else "was not downloaded yet: give download=True"
        raise FileNotFoundError(f"the model {name} {why} ({str(error).splitlines()[0]})") from error
