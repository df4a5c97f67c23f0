import errno
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from cmr_ssl.files import write_atomically
from cmr_ssl.machine import MachineFault
from cmr_ssl.preparation.cache import read_preparation, read_prepared, read_settings, subject_file, write_subject
from tests.caches import PREPARATION, prepared


def test_what_is_written_is_read_back(tmp_path):
    made = prepared(3, ("la_4ch",), seed=4, labelled=[(1, 0), (3, 5)])
    with safe_open(write_subject(tmp_path, "900000001", made, "digest"), framework="np") as file:
        assert file.metadata() == {"format": "cmr_ssl planes 2", "settings": "digest", "subject": "900000001"}
        for name, array in made._asdict().items():
            np.testing.assert_array_equal(file.get_tensor(name), array)
            assert file.get_tensor(name).dtype == array.dtype


@pytest.mark.parametrize("subject", ["../up", "a/b", "..", ".", "ä b", "c:d*", "%2e%2e"])
def test_any_subject_has_a_file_of_its_own_inside_the_cache(tmp_path, subject):
    path = subject_file(tmp_path, subject)
    assert path.resolve().parent == (tmp_path / "subjects").resolve()
    assert path != subject_file(tmp_path, subject + "x")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(stream):
        stream.write(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_cache_tells_what_its_planes_have_in_common_and_what_is_none_how_to_make_one(tmp_path, cache):
    with pytest.raises(FileNotFoundError, match=r"is no prepared cache .* prepare --source .*"):
        read_settings(tmp_path / "nowhere")
    preparation = read_preparation(cache)
    assert (preparation["size"], preparation["frames"]) == (PREPARATION.size, PREPARATION.frames)
    assert preparation["spacing_mm"] == PREPARATION.spacing_mm


def test_a_damaged_or_missing_file_is_one_sentence(tmp_path):
    for make in (lambda path: None, lambda path: path.parent.mkdir() or path.write_bytes(b"torn")):
        make(subject_file(tmp_path, "900000001"))
        with pytest.raises(ValueError, match="run `prepare` again"):
            read_prepared(tmp_path, "900000001")


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE])
def test_an_error_of_the_machine_is_no_damaged_file(tmp_path, monkeypatch, number):
    def fail(path, *_, **__):
        raise OSError(number, os.strerror(number), str(path))

    def missing(path):
        raise FileNotFoundError(f"No such file or directory: {path}")  # what safetensors makes of it

    monkeypatch.setattr("safetensors.numpy.load_file", missing)
    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(MachineFault, match=os.strerror(number)) as stopped:
        read_prepared(tmp_path, "900000001")
    assert "run `prepare` again" not in str(stopped.value)
