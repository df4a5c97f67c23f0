"""Every command says in one sentence that a disk is full, and nothing half is left.

The kernel refuses what goes beyond the largest size a file may have (`ulimit -f`), as it refuses what a disk lacks.
"""

import errno
import os
import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pandas as pd
import pytest

from cmr_ssl.cli import main
from cmr_ssl.cohort.cohort_table import read_cohort
from tests import studies
from tests.caches import COHORT, write_cache
from tests.runs import ROOT, arguments, run
from tests.without_shared_memory import IMPOSSIBLE

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


@pytest.mark.parametrize(
    ("command", "name", "size"),
    [("cohort", "cohort.parquet", 1000), ("qc", "index.html", 1000), ("embed", "hearts.parquet", 2000)],
)
def test_a_command_leaves_no_half_of_a_table_or_page(command, name, size, finished_run, tmp_path, capsys):
    pd.DataFrame({"eid": [*map(int, HEAD)], "31-0.0": [0, 1]}).to_csv(tmp_path / "t.csv", index=False)
    cache, out = write_cache(tmp_path / "cache", HEAD), tmp_path / "out" / name
    more = {
        "cohort": [f"--table={tmp_path / 't.csv'}", f"--out={out}"],
        "qc": [f"--out={out.parent}"],
        "embed": [f"--checkpoint={finished_run}", f"--out={out}", "--workers=0", "--device=cpu"],
    }
    with files_of_at_most(size):
        assert main([command, f"--cache={cache}", *more[command]]) == 1
    assert "cannot be written" in (said := capsys.readouterr().err)
    assert "make room" in said
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
    assert "make room" in said.partition("error: ")[2]
    assert "Traceback" not in said
    assert last.read_bytes() == before
    assert halves(folder) == []


def test_training_needs_no_shared_memory(cache, tmp_path):
    fit = arguments(cache, tmp_path / "run", "--data.workers", "2", "--trainer.max_epochs", "1")
    # in a process of its own: a fork of this one would go on with the threads of all tests before
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.without_shared_memory", *fit], cwd=ROOT, check=False
    )
    if done.returncode == IMPOSSIBLE:
        pytest.skip("no file systems of one's own here")
    assert done.returncode == 0
    assert (tmp_path / "run" / "checkpoints" / "last.ckpt").exists()
