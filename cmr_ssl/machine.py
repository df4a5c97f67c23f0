"""Errors of disks, networks and limits: they say nothing about the data, stop a command, and are never recorded."""

import errno
import os
import re
import stat
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

OF_MACHINE = {
    errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EPERM, errno.ETIMEDOUT,
    errno.ENOTCONN, errno.ECONNRESET, errno.ECONNABORTED, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN,
    errno.ENETUNREACH, errno.EREMOTEIO, errno.ENODEV, errno.ENXIO, errno.EBUSY, errno.EAGAIN, errno.ENOLCK,
}  # fmt: skip
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
TOO_MANY_OPEN = {errno.EMFILE, errno.ENFILE}
NOBODY_CAN_WRITE = FULL | {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}
AGAIN = "then run the same command again"
RAISE_LIMIT = "too many files are open: allow more with `ulimit -n 4096`, or use fewer workers"
NO_MEMORY = "there is not enough memory: use fewer workers or a smaller batch"
KILLED = "a worker process was killed, perhaps for want of memory (fewer workers need less)"
# what libraries say about the machine without a number; the first that is found counts
BY_TEXT = (
    (re.compile(r"Too many open files|ulimit -n|items of ancdata"), RAISE_LIMIT),
    (re.compile(r"allocate memory|not enough memory"), NO_MEMORY),
    (re.compile(r"[(]os error (5|116)[)]"), "the disk or the network failed: see to it"),  # EIO and ESTALE as Rust says
)


class MachineFault(Exception):
    """The machine failed, not the data; the message is one sentence."""


def of_machine(error: BaseException) -> bool:
    """Tell whether reading failed for a reason that lies in the machine, not in what was read."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in OF_MACHINE)


def is_full(error: BaseException) -> bool:
    """Tell whether a disk took no more, which may happen where something is unpacked to be read."""
    return isinstance(error, OSError) and error.errno in FULL


def raise_if_machine(error: BaseException) -> None:
    """Raise an error again if it says nothing about the data.

    Raises:
        OSError: the very error.
        MemoryError: the very error.
    """
    if of_machine(error):
        raise error


def is_file(path: Path) -> bool:
    """Tell whether a file is there; newer versions of Python take a disk that fails for a missing file.

    Raises:
        OSError: if the machine failed to tell.
    """
    return stat.S_ISREG(_mode(path))


def is_dir(path: Path) -> bool:
    """Tell whether a folder is there; see `is_file`."""
    return stat.S_ISDIR(_mode(path))


def _mode(path: Path) -> int:
    """Return the kind of a file, 0 where there is none."""
    try:
        return path.stat().st_mode
    except OSError as error:
        raise_if_machine(error)
    except ValueError:  # a name that no file can have
        pass
    return 0


def remedy(error: OSError) -> str:
    """Return what to do about an error of the machine."""
    if error.errno in TOO_MANY_OPEN:
        return RAISE_LIMIT
    if error.errno in OF_MACHINE:
        return "see to the disk, the network or the permissions"
    return "make room" if error.errno in FULL else "choose another place"


def in_words(error: OSError, where: object = "a file") -> str:
    """Return in one sentence which file failed, `where` if the error does not say, and what to do."""
    what = "read or written" if error.errno in OF_MACHINE else "written"
    reason = error.strerror or os.strerror(error.errno or 0)
    return f"{error.filename or where} cannot be {what} ({reason}): {remedy(error)}, {AGAIN}"


def fault_of(error: BaseException) -> str | None:
    """Return one sentence where an error, or one it arose from, is the machine's; None where it is not."""
    return next((said for one in _origins(error) if (said := _fault_text(one))), None)


def _origins(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those it arose from, latest first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _fault_text(error: BaseException) -> str | None:
    if isinstance(error, MachineFault):
        return _last_line(str(error))
    if isinstance(error, BrokenProcessPool):
        return f"{KILLED}: {AGAIN.removeprefix('then ')}"
    if isinstance(error, OSError) and error.errno in OF_MACHINE | NOBODY_CAN_WRITE:
        return in_words(error)
    if isinstance(error, MemoryError):
        return f"{NO_MEMORY}, {AGAIN}"
    if isinstance(error, OSError | RuntimeError):
        return next((f"{told}, {AGAIN}" for pattern, told in BY_TEXT if pattern.search(str(error))), None)
    return None


def _last_line(text: str) -> str:
    """Return a message without the traceback that torch puts before what a loader's worker raised."""
    last = text.rstrip().rpartition("\n")[2]
    return last.partition(": ")[2] if text.startswith("Caught ") else last
