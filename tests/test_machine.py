import errno
import os
import re
from concurrent.futures.process import BrokenProcessPool

import pytest
from torch._utils import ExceptionWrapper

from cmr_ssl.machine import MachineFault, fault_of, in_words


def wrapped(error):
    """Return what torch raises for an error of a loader's worker."""
    try:
        raise error
    except type(error):
        caught = ExceptionWrapper(where="in DataLoader worker process 0")
    try:
        caught.reraise()
    except Exception as raised:
        return raised


def masked(error):
    """Return an error that arose while another was handled, as writers that close themselves raise it."""
    try:
        try:
            raise error
        finally:
            raise RuntimeError("unexpected pos 64 vs 0")
    except RuntimeError as raised:
        return raised


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "last.ckpt"), "last.ckpt cannot be written .* make room"),
        (masked(OSError(errno.ENOSPC, "No space left on device")), "cannot be written .* make room"),
        (OSError(errno.EFBIG, "File too large"), "make room"),
        (OSError(errno.EIO, "Input/output error", "a.nii.gz"), "a.nii.gz cannot be read or written .* see to the disk"),
        (OSError(errno.EMFILE, "Too many open files"), "ulimit -n"),
        (wrapped(MachineFault("a.nii.gz cannot be read: see to it")), "^a.nii.gz cannot be read: see to it$"),
        (wrapped(OSError(errno.EMFILE, "Too many open files")), "ulimit -n"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "not enough memory"),
        (MemoryError(), "not enough memory"),
        (BrokenProcessPool(), "a worker process was killed"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, Exception) else "",
)
def test_a_fault_of_the_machine_is_one_sentence_that_says_what_to_do(error, told):
    said = fault_of(error)
    assert said is not None
    assert re.search(told, said)
    assert "\n" not in said


@pytest.mark.parametrize(
    "error", [KeyError("a"), RuntimeError("shapes differ"), OSError("not gzipped"), wrapped(ZeroDivisionError("x"))]
)
def test_mistakes_of_ours_are_none_of_the_machine(error):
    assert fault_of(error) is None


def test_a_sentence_names_the_file_the_reason_and_the_way_on():
    assert in_words(OSError(errno.EIO, os.strerror(errno.EIO)), "cache") == (
        "cache cannot be read or written (Input/output error): see to the disk, the network or the permissions, "
        "then run the same command again"
    )
