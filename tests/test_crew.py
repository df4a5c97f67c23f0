import os

import pytest

from cmr_ssl.crew import Crew, outcomes


def process(job):
    return job, os.getpid()


def nobody(job):
    raise AssertionError(job)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_ends_once_and_elsewhere_if_there_are_several_workers(workers):
    found = list(outcomes(Crew(workers), process, iter(range(9)), nobody))
    assert sorted(job for job, _ in found) == list(range(9))
    assert {who == os.getpid() for _, who in found} == {workers == 1}


def test_jobs_are_taken_as_there_is_somebody_to_work_on_them():
    jobs = iter(range(100))
    found = outcomes(Crew(2), process, jobs, nobody)
    next(found)
    found.close()
    assert next(jobs) == 4  # two a worker


def test_no_worker_is_refused():
    with pytest.raises(ValueError, match="0 workers"):
        Crew(0)
