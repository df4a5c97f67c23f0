import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from cmr_ssl.workers import pool, silence_half_started

STARTS_AND_WAITS = """
import os, time
from cmr_ssl.workers import pool
if __name__ == "__main__":
    with pool(1) as processes:
        print(processes.submit(os.getpid).result(), flush=True)
        time.sleep(60)
"""


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_only_what_torch_says_of_half_started_processes_is_silenced(monkeypatch):
    said = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    silence_half_started()
    for one in (_MultiProcessingDataLoaderIter.__del__, None, alive):
        sys.unraisablehook(SimpleNamespace(object=one))
    assert [one.object for one in said] == [None, alive]


def test_work_is_done_elsewhere():
    with pool(1) as processes:
        assert processes.submit(os.getpid).result() != os.getpid()


def test_workers_end_when_their_parent_is_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(STARTS_AND_WAITS)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        worker = int(parent.stdout.readline())
        assert alive(worker)
        parent.send_signal(signal.SIGKILL)
    for _ in range(100):
        if not alive(worker):
            return
        time.sleep(0.05)
    os.kill(worker, signal.SIGKILL)
    raise AssertionError("the worker outlived its parent")
