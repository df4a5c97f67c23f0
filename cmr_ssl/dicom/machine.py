"""Errors of disks, networks and limits: they say nothing about the data, stop a command, and are never recorded."""

import errno

OF_MACHINE = {
    errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EPERM, errno.ETIMEDOUT,
    errno.ENOTCONN, errno.ECONNRESET, errno.ECONNABORTED, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN,
    errno.ENETUNREACH, errno.EREMOTEIO, errno.ENODEV, errno.ENXIO, errno.EBUSY, errno.EAGAIN, errno.ENOLCK,
}  # fmt: skip


def of_machine(error: BaseException) -> bool:
    """Tell whether reading failed for a reason that lies in the machine, not in what was read."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in OF_MACHINE)


def raise_if_machine(error: BaseException) -> None:
    """Raise an error again if it says nothing about the data.

    Raises:
        OSError: the very error.
    """
    if of_machine(error):
        raise error
