"""The command `check-release`."""

from pathlib import Path


def check_release(paths: list[Path]) -> int:
    """Say what the files would give away: 7-digit participant ids, absolute paths, tables and lists of subjects.

    Checkpoints, tables, texts, pictures, NIfTI and DICOM headers, and what zip and gzip files hold, are read without
    running anything. Ids are never shown.

    Args:
        paths: files, or folders of which every file is checked.

    Returns:
        Exit status: 0 if nothing was found, else 1; every finding is one line.

    Raises:
        FileNotFoundError: if a file is not there.
    """
    from cmr_ssl.release.leaks import describe_leaks, files_below

    files = list(files_below(paths))
    leaks = [sentence for path in files for sentence in describe_leaks(path)]
    print("\n".join([*leaks, f"{len(leaks)} findings in {len(files)} files" + ("" if leaks else ": they may leave")]))
    return 1 if leaks else 0
