"""Worker processes that start clean and never outlive the command that started them."""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from threading import Thread

HALF_STARTED = "_MultiProcessingDataLoaderIter.__del__"


def pool(workers: int) -> ProcessPoolExecutor:
    """Return a pool of so many freshly spawned processes, which end when their parent is killed."""
    return ProcessPoolExecutor(workers, get_context("spawn"), _end_with_parent)


def silence_half_started() -> None:
    """Keep torch from printing a traceback about reading processes that could not be started, which was said before."""
    told = sys.unraisablehook

    def hook(unraisable: "sys.UnraisableHookArgs") -> None:
        if getattr(unraisable.object, "__qualname__", "") != HALF_STARTED:
            told(unraisable)

    sys.unraisablehook = hook


def _end_with_parent() -> None:
    """Let this worker end when its parent is killed, instead of waiting for work for ever."""
    parent = parent_process()
    if parent is not None:
        Thread(target=_leave_after, args=[parent], daemon=True).start()


def _leave_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
