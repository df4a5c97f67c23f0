import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from cmr_ssl.workers import Workers, outcomes, silence_half_started

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
    from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter  # which workers need not import

    said = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    silence_half_started()
    for one in (_MultiProcessingDataLoaderIter.__del__, None, alive):
        sys.unraisablehook(SimpleNamespace(object=one))
    assert [one.object for one in said] == [None, alive]


def test_workers_end_when_their_parent_is_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(STARTS_AND_WAITS)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        worker = int(parent.stdout.readline())
        assert alive(worker)
        parent.send_signal(signal.SIGKILL)
    for _ in range(2400):
        if not alive(worker):
            return
        time.sleep(0.05)
    os.kill(worker, signal.SIGKILL)
    raise AssertionError("the worker outlived its parent")


def process(job):
    return job, os.getpid()


def nobody(job):
    raise AssertionError(job)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_ends_once_and_elsewhere_if_there_are_several_workers(workers):
    found = list(outcomes(Workers(workers), process, iter(range(9)), nobody))
    assert sorted(job for job, _ in found) == list(range(9))
    assert {who == os.getpid() for _, who in found} == {workers == 1}


def test_jobs_are_taken_as_there_is_somebody_to_work_on_them(forked):
    jobs = iter(range(100))
    found = outcomes(Workers(2), process, jobs, nobody)
    next(found)
    found.close()
    assert next(jobs) == 4  # two a worker


def test_no_worker_is_refused():
    with pytest.raises(ValueError, match="0 workers"):
        Workers(0)
