import errno
import os
from pathlib import Path

import pytest

from cmr_ssl.data.cache import subject_file
from cmr_ssl.data.checks.examine import examine
from cmr_ssl.machine import MachineFault
from cmr_ssl.qc.measures import measure_cohort, read_prepared
from cmr_ssl.workers import Workers
from tests.data.checks.scenes import subject


def test_workers_measure_what_one_process_measures(checked):
    subjects = ["900000001", "900000002"]
    alone = list(measure_cohort(checked, subjects, Workers()))
    assert alone == sorted(measure_cohort(checked, subjects, Workers(2)))
    assert [name for name, _ in alone] == subjects
    assert alone[0][1] == examine(subject())


def test_a_damaged_file_is_one_sentence(tmp_path):
    path = subject_file(tmp_path, "900000001")
    with pytest.raises(ValueError, match="run `prepare` again"):
        read_prepared(tmp_path, "900000001")
    path.parent.mkdir()
    path.write_bytes(b"torn")
    with pytest.raises(ValueError, match="run `prepare` again"):
        read_prepared(tmp_path, "900000001")


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE])
def test_an_error_of_the_machine_is_no_damaged_file(checked, monkeypatch, number):
    def fail(path, *_, **__):
        raise OSError(number, os.strerror(number), str(path))

    def missing(path):
        raise FileNotFoundError(f"No such file or directory: {path}")  # what safetensors makes of it

    monkeypatch.setattr("cmr_ssl.qc.measures.load_file", missing)
    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(MachineFault, match=os.strerror(number)) as stopped:
        read_prepared(checked, "900000001")
    assert "run `prepare` again" not in str(stopped.value)
