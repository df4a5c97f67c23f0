"""Errors of disks, networks and limits: not errors of the data, so they stop a command and are never recorded."""

import errno
import os
import re
import stat
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

OF_MACHINE = {
    errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EPERM, errno.ETIMEDOUT,
    errno.ENOTCONN, errno.ECONNRESET, errno.ECONNABORTED, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN,
    errno.ENETUNREACH, errno.EREMOTEIO, errno.ENODEV, errno.ENXIO, errno.EBUSY, errno.EAGAIN, errno.ENOLCK,
}  # fmt: skip
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
TOO_MANY_OPEN = {errno.EMFILE, errno.ENFILE}
NOT_WRITABLE = FULL | {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}
AGAIN = "then run the same command again"
RAISE_LIMIT = "too many files are open: allow more with `ulimit -n 4096`, or use fewer workers"
NO_MEMORY = "there is not enough memory: use fewer workers or a smaller batch"
KILLED = "a worker process was killed, perhaps for want of memory (fewer workers need less)"
# errors of libraries without a number; the first match counts
BY_TEXT = (
    (re.compile(r"Too many open files|ulimit -n|items of ancdata"), RAISE_LIMIT),
    (re.compile(r"allocate memory|not enough memory"), NO_MEMORY),
    (re.compile(r"[(]os error (5|116)[)]"), "the disk or the network failed: see to it"),  # EIO and ESTALE as Rust says
)


class MachineFault(Exception):
    """The machine failed, not the data; the message is one sentence."""


def of_machine(error: BaseException) -> bool:
    """Tell whether the machine failed, not the data."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in OF_MACHINE)


def is_full(error: BaseException) -> bool:
    """Tell whether a disk is full, which may happen on reading, too, where archives are unpacked."""
    return isinstance(error, OSError) and error.errno in FULL


def raise_if_machine(error: BaseException) -> None:
    """Raise an error, an OSError or MemoryError, again if it is of the machine."""
    if of_machine(error):
        raise error


def is_file(path: Path) -> bool:
    """Tell whether a file exists; raise OSError if the machine fails, which newer Pythons take for a missing file."""
    return stat.S_ISREG(_mode(path))


def is_dir(path: Path) -> bool:
    """Tell whether a folder exists; see `is_file`."""
    return stat.S_ISDIR(_mode(path))


def _mode(path: Path) -> int:
    """Return the mode of a file, 0 where there is none."""
    try:
        return path.stat().st_mode
    except OSError as error:
        raise_if_machine(error)
    except ValueError:  # a name that no file can have
        pass
    return 0


def remedy(error: OSError) -> str:
    """Return the remedy for an error of the machine."""
    if error.errno in TOO_MANY_OPEN:
        return RAISE_LIMIT
    if error.errno in OF_MACHINE:
        return "see to the disk, the network or the permissions"
    return "make room" if error.errno in FULL else "choose another place"


def in_words(error: OSError, where: object = "a file") -> str:
    """Return one sentence with the file that failed, `where` if unknown, and the remedy."""
    action = "read or written" if error.errno in OF_MACHINE else "written"
    reason = error.strerror or os.strerror(error.errno or 0)
    return f"{error.filename or where} cannot be {action} ({reason}): {remedy(error)}, {AGAIN}"


def fault_of(error: BaseException | None) -> str | None:
    """Return one sentence if an error, or one of its causes, is of the machine; else None."""
    while error is not None:
        if text := _fault_text(error):
            return text
        error = error.__cause__ or error.__context__
    return None


def _fault_text(error: BaseException) -> str | None:
    if isinstance(error, MachineFault):
        last = str(error).rstrip().rpartition("\n")[2]  # after the traceback of torch's loaders
        return last.partition(": ")[2] if str(error).startswith("Caught ") else last
    if isinstance(error, BrokenProcessPool):
        return f"{KILLED}: {AGAIN.removeprefix('then ')}"
    if isinstance(error, OSError) and error.errno in OF_MACHINE | NOT_WRITABLE:
        return in_words(error)
    if isinstance(error, MemoryError):
        return f"{NO_MEMORY}, {AGAIN}"
    if isinstance(error, OSError | RuntimeError):
        return next((f"{sentence}, {AGAIN}" for pattern, sentence in BY_TEXT if pattern.search(str(error))), None)
    return None
