"""Nothing that names a participant leaves: files appear only if the release check finds nothing in them."""

import shutil
import tempfile
from pathlib import Path

from cmr_ssl.export.hub_folder import write_files
from cmr_ssl.release.leaks import describe_leaks


def hand_over(folder: Path, files: dict[str, bytes]) -> None:
    """Write files into a new folder if nothing in them gives anybody away.

    Args:
        folder: is made; what was there under the same names is replaced.
        files: content by name.

    Raises:
        ValueError: if the release check finds something; nothing is written then.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder.parent) as here:
        staged = Path(here)
        write_files(staged, files)
        leaks = [sentence.replace(f"{here}/", "") for name in files for sentence in describe_leaks(staged / name)]
        if leaks:
            raise ValueError(f"nothing is exported, for it would give somebody away: {'; '.join(leaks)}")
        folder.mkdir(exist_ok=True)
        for name in files:
            shutil.move(staged / name, folder / name)
