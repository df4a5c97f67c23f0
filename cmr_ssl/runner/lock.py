"""Two commands on one folder: the second waits where it would do the same, and refuses where it would not."""

import errno
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import gethostname
from typing import NamedTuple

from filelock import FileLock, Timeout

LOCK, HOLDER = ".lock", ".lock-holder"
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}  # what file systems without locks answer
POLL_S = 0.2


class Holder(NamedTuple):
    """Who writes to a folder.

    Attributes:
        host: name of the machine.
        process: number of the process there.
        settings: digest of the settings it works with.
    """

    host: str
    process: int
    settings: str


@contextmanager
def alone(folder: Path, settings: str) -> Iterator[None]:
    """Be the only command that writes to a folder, which is made if absent.

    The operating system holds the lock and frees it when its holder ends, however that ends, so no lock is ever stale;
    who holds it stands in a file beside it. A command with the same settings waits and then finds the work done.

    Args:
        folder: what is written to.
        settings: digest of what the command works with.

    Raises:
        OSError: if the folder cannot be written to.
        ValueError: if a command with other settings writes there; the message names host and process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(folder / LOCK), folder / HOLDER
    if not _taken(lock, folder, settings):
        yield
        return
    try:
        holder.write_text(json.dumps(Holder(gethostname(), os.getpid(), settings)._asdict()))
        yield
    finally:
        try:
            holder.unlink(missing_ok=True)
        finally:
            lock.release()


def _taken(lock: FileLock, folder: Path, settings: str) -> bool:
    """Take the lock, waiting for a command with the same settings; tell whether this file system has locks at all."""
    told = False
    while True:
        try:
            lock.acquire(timeout=0)
            return True
        except Timeout:
            told = _wait(folder, settings, told)
        except (NotImplementedError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in NO_LOCKS:
                raise
            print(f"{folder} is on a file system without locks: let one command at a time write there", file=sys.stderr)
            return False


def _wait(folder: Path, settings: str, told: bool) -> bool:
    """Wait a moment for the holder of a lock, saying once for whom; tell whether that is said."""
    holder = read_holder(folder)
    if holder is not None and holder.settings != settings:
        raise ValueError(
            f"{folder} is being written by process {holder.process} on {holder.host} with other settings: wait until "
            "it is done, or choose another --out"
        )
    if holder is not None and not told:
        print(f"Waiting for process {holder.process} on {holder.host}, which does the same.", file=sys.stderr)
    time.sleep(POLL_S)
    return told or holder is not None


def read_holder(folder: Path) -> Holder | None:
    """Return who holds the lock of a folder, None where that is not written (yet)."""
    try:
        return Holder(**json.loads((folder / HOLDER).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
