"""Lock a folder: a second command with the same settings waits, one with other settings refuses."""

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
ORPHANS_S = 30.0  # that the processes of a killed command may take to end, and with them its lock
SAME_CACHE = "with other settings: wait until it is done, or choose another --out"


class Holder(NamedTuple):
    """The process that writes to a folder.

    Attributes:
        host: name of the machine.
        process: number of the process there.
        settings: digest of the settings it works with.
    """

    host: str
    process: int
    settings: str


@contextmanager
def exclusive_access(folder: Path, settings: str, refusal: str = SAME_CACHE) -> Iterator[None]:
    """Be the only command that writes to a folder, which is made if absent.

    The operating system holds the lock and frees it when its holder ends in any way, so no lock is ever stale; the
    holder is written to a file beside it. A command with the same settings waits and then finds the work done.

    Args:
        folder: what is written to.
        settings: digest of the settings; the name of this process where no other may wait.
        refusal: end of the error of a command with other settings.

    Raises:
        OSError: if the folder cannot be written to.
        ValueError: if a command with other settings writes there; the message names host and process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(folder / LOCK), folder / HOLDER
    if not _taken(lock, folder, settings, refusal):
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


def writing(folder: Path) -> Holder | None:
    """Return the process that writes to a folder now, None where there is none or it is unknown."""
    holder = read_holder(folder)
    try:
        with FileLock(folder / LOCK, timeout=0):
            return None
    except Timeout:
        return holder
    except (NotImplementedError, OSError):  # such as on a disk that is only read
        return None


def this_process() -> str:
    """Return a unique name of this process."""
    return f"{gethostname()} {os.getpid()}"


def _taken(lock: FileLock, folder: Path, settings: str, refusal: str) -> bool:
    """Take the lock, waiting for a command with the same settings; tell whether this file system has locks at all."""
    informed, deadline = False, time.monotonic() + ORPHANS_S
    while True:
        try:
            lock.acquire(timeout=0)
            return True
        except Timeout:
            holder = read_holder(folder)
            if holder is not None and not (_dead(holder) and time.monotonic() < deadline):
                process = f"process {holder.process} on {holder.host}"
                if holder.settings != settings:
                    raise ValueError(f"{folder} is being written by {process} {refusal}") from None
                if not informed:
                    print(f"Waiting for {process}, which does the same.", file=sys.stderr)
                    informed = True
            time.sleep(POLL_S)
        except (NotImplementedError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in NO_LOCKS:
                raise
            print(f"{folder} is on a file system without locks: let one command at a time write there", file=sys.stderr)
            return False


def _dead(holder: Holder) -> bool:
    """Tell whether the holder of a lock was killed on this machine; its child processes end in a moment."""
    if holder.host != gethostname():
        return False
    try:
        os.kill(holder.process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def read_holder(folder: Path) -> Holder | None:
    """Return the holder of the lock of a folder, None where that is not written (yet)."""
    try:
        return Holder(**json.loads((folder / HOLDER).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
