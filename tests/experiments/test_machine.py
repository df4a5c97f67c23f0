import numpy as np

from cmr_ssl.workers import pool
from experiments.machine import peak_memory

HELD = 2**30  # bytes


def test_the_peak_of_a_process_is_its_own_and_not_that_of_who_started_it():
    held = np.ones(HELD, np.uint8)
    with pool(1) as processes:
        assert processes.submit(peak_memory).result() < HELD < peak_memory()
    assert held.all()
