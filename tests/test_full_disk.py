"""Every command says in one sentence that a disk is full, and nothing half is left.

The kernel refuses what goes beyond the largest size a file may have (`ulimit -f`), as it refuses what a disk lacks.
"""

import errno
import os
import resource
import shutil
from contextlib import contextmanager
from ctypes import CDLL
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from cmr_ssl.cli import main
from cmr_ssl.cohort.cohort_table import read_cohort
from tests import studies
from tests.caches import COHORT, write_cache
from tests.runs import in_a_child, run

NEW_USER, NEW_MOUNTS, RECURSIVE, PRIVATE = 0x10000000, 0x20000, 0x4000, 0x40000  # of Linux
IMPOSSIBLE = 77
HEAD = dict(list(COHORT.items())[:2])


@contextmanager
def files_of_at_most(size):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def halves(folder):
    return [path for path in folder.glob("**/*") if ".writing" in path.name]


def test_prepare_stops_and_goes_on(tmp_path, capsys):
    studies.write_study(tmp_path / "source", studies.study(("sa",), "900000001", frames=8, frame_ms=110.0))
    command = ["prepare", f"--source={tmp_path / 'source'}", f"--out={tmp_path / 'cache'}", "--preparation.size=32"]
    with files_of_at_most(20_000):
        assert main(command) == 1
    assert os.strerror(errno.EFBIG) in capsys.readouterr().err
    assert "rejected" not in (tmp_path / "cache" / "records.jsonl").read_text()
    assert main(command) == 0
    assert halves(tmp_path) == []
    assert read_cohort(tmp_path / "cache")["status"].tolist() == ["accepted"]


def test_cohort_leaves_no_table(tmp_path, capsys):
    pd.DataFrame({"eid": [int(subject) for subject in HEAD], "31-0.0": [0, 1]}).to_csv(tmp_path / "t.csv", index=False)
    cache, out = write_cache(tmp_path / "cache", HEAD), tmp_path / "out" / "cohort.parquet"
    with files_of_at_most(1000):
        assert main(["cohort", f"--cache={cache}", f"--table={tmp_path / 't.csv'}", f"--out={out}"]) == 1
    assert f"error: {out} cannot be written" in capsys.readouterr().err
    assert [*out.parent.iterdir()] == []


def test_qc_leaves_no_half_page(tmp_path, capsys):
    cache = write_cache(tmp_path / "cache", HEAD)
    with files_of_at_most(1000):
        assert main(["qc", f"--cache={cache}", f"--out={tmp_path / 'qc'}"]) == 1
    said = capsys.readouterr().err
    assert "cannot be written" in said
    assert "make room" in said
    assert halves(tmp_path) == []
    assert not (tmp_path / "qc" / "index.html").exists()


def test_embed_leaves_no_table(finished_run, tmp_path, capsys):
    cache, out = write_cache(tmp_path / "cache", HEAD), tmp_path / "out" / "hearts.parquet"
    command = ["embed", f"--checkpoint={finished_run / 'checkpoints' / 'best.ckpt'}", f"--cache={cache}"]
    with files_of_at_most(2000):
        assert main([*command, f"--out={out}", "--workers=0", "--device=cpu"]) == 1
    assert "make room" in capsys.readouterr().err
    assert halves(tmp_path) == []
    assert not out.exists()


def test_fit_stops_with_the_checkpoint_from_before(finished_run, cache, tmp_path, capsys):
    folder = tmp_path / "run"
    last = folder / "checkpoints" / "last.ckpt"
    last.parent.mkdir(parents=True)
    shutil.copy(finished_run / "checkpoints" / "last.ckpt", last)
    before = last.read_bytes()
    with files_of_at_most(100_000):
        assert run(cache, folder, "--ckpt_path", "auto", "--trainer.max_epochs", "3") == 1
    said = capsys.readouterr().err
    assert "error: " in said
    assert "make room" in said
    assert "Traceback" not in said
    assert last.read_bytes() == before
    assert halves(folder) == []


def isolated():
    """Give this process file systems of its own, with next to no shared memory; tell whether the machine let it."""
    libc, ids = CDLL(None), {"setgroups": "deny", "uid_map": f"0 {os.getuid()} 1", "gid_map": f"0 {os.getgid()} 1"}
    try:
        if libc.unshare(NEW_USER | NEW_MOUNTS):
            return False
        for name, text in ids.items():
            Path("/proc/self", name).write_text(text)
        refused = libc.mount(b"none", b"/", None, RECURSIVE | PRIVATE, None)
        return not (refused or libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", 0, b"size=64k"))
    except (AttributeError, OSError):  # another system, or a stricter one
        return False


def test_training_needs_no_shared_memory(cache, tmp_path):
    fit = partial(run, cache, tmp_path / "run", "--data.workers", "2", "--trainer.max_epochs", "1")
    ended = in_a_child(lambda: fit() if isolated() else IMPOSSIBLE)
    if ended == IMPOSSIBLE:
        pytest.skip("no file systems of one's own here")
    assert ended == 0
    assert (tmp_path / "run" / "checkpoints" / "last.ckpt").exists()
