"""Small runs that are killed, or whose files fail, at any moment, and afterwards end as undisturbed ones do.

More moments, 50 of each command: CMR_SSL_DISTURBANCES=50 python -m pytest tests/test_disturbed.py
"""

import builtins
import dataclasses
import errno
import io
import os
import random
import shutil
import signal
from functools import partial

import pandas as pd
import pytest
import torch
from safetensors import safe_open

from cmr_ssl.callbacks.kept_checkpoints import BEST, LAST, checkpoint_file
from cmr_ssl.cli import main
from cmr_ssl.data import dataset
from cmr_ssl.inference.label_maps import LabelMaps
from cmr_ssl.journal import RECORDS
from cmr_ssl.preparation.cache import COHORT
from cmr_ssl.preparation.preparation import Preparation
from tests import caches, dicoms, studies
from tests.runs import arguments, in_a_child
from tests.untrained import write_untrained

TIMES = int(os.environ.get("CMR_SSL_DISTURBANCES", "6"))
SMALL = Preparation(size=24, spacing_mm=5.0, frames=8)
WRITING, READING = [errno.ENOSPC, errno.EIO, errno.EMFILE], [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE]
ENDED, STOPPED, KILLED = 0, 1, -signal.SIGKILL


class Disturbance:
    """Counts what is done to files below a folder; one such step kills the process or fails."""

    def __init__(self, folder, at, kill, chance):
        self.folder, self.at, self.kill, self.chance, self.count = str(folder), at, kill, chance, 0

    def watch(self, patch):
        for module in (builtins, io):
            patch.setattr(module, "open", self.disturbed(open, lambda mode="r", *_, **__: mode[0] in "wa"))
        for name in ("replace", "unlink", "mkdir"):
            patch.setattr(os, name, self.disturbed(getattr(os, name), lambda *_, **__: True))
        patch.setattr(os, "stat", self.disturbed(os.stat, lambda *_, **__: False))
        patch.setattr(dataset, "safe_open", self.disturbed(dataset.safe_open, lambda *_, **__: False))

    def disturbed(self, act, writes):
        def step(path, *more, **options):
            if not isinstance(path, int) and os.fsdecode(path).startswith(self.folder):
                self.count += 1
                if self.count == self.at:
                    self.fail(path, writes(*more, **options))
            return act(path, *more, **options)

        return step

    def fail(self, path, writes):
        if self.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        number = self.chance.choice(WRITING if writes else READING)
        raise OSError(number, os.strerror(number), os.fspath(path))


def disturbed(command, disturbance):
    """Run a command, disturbed, and return its exit status."""
    disturbance.watch(pytest.MonkeyPatch())
    return command()


def check(command, folder, out, result, seed):
    """Disturb a command again and again; whenever it ends, compare with what an undisturbed run gives."""
    chance = random.Random(seed)
    quiet = Disturbance(folder, 0, False, chance)
    with pytest.MonkeyPatch().context() as patch:
        quiet.watch(patch)
        assert command() == ENDED
    undisturbed = result(out)
    shutil.rmtree(out)
    ends = []
    for number in range(TIMES):
        disturbance = Disturbance(folder, chance.randint(1, quiet.count), number % 2 == 0, chance)
        ends.append(in_a_child(partial(disturbed, command, disturbance)))
        if ends[-1] == ENDED:
            assert result(out) == undisturbed
            shutil.rmtree(out)
    assert {*ends} <= {ENDED, STOPPED, KILLED}
    assert {STOPPED, KILLED} <= {*ends}
    assert command() == ENDED
    assert result(out) == undisturbed


@pytest.fixture
def source(tmp_path):
    for subject in ("900000001", "900000002", "900000003"):
        made = studies.study(("sa",), subject, shape=(40, 40, 3), frames=8, frame_ms=110.0)
        studies.write_study(tmp_path / "source", made)
    return tmp_path / "source"


def safetensors(path):
    """Return what a file holds; the order in it is not always the same."""
    with safe_open(path, framework="np") as file:
        return file.metadata(), {name: file.get_tensor(name).tobytes() for name in file.keys()}  # noqa: SIM118


def prepared(cache):
    assert "rejected" not in (cache / RECORDS).read_text()
    assert not [*cache.glob("**/.writing-*")]
    table = pd.read_parquet(cache / COHORT)
    files = {path.name: safetensors(path) for path in sorted((cache / "subjects").iterdir())}
    return table.to_csv(), sorted((cache / RECORDS).read_text().splitlines()), files


def predicted(out):
    assert not [*out.glob("**/.writing-*")]
    return (out / "phenotypes.csv").read_text(), {path.name: path.read_bytes() for path in sorted(out.glob("9*/*"))}


def test_a_disturbed_prepare_ends_as_an_undisturbed_one(source, tmp_path):
    options = [f"--preparation.{name}={value}" for name, value in dataclasses.asdict(SMALL).items()]
    command = partial(main, ["prepare", f"--source={source}", f"--out={tmp_path / 'out'}", *options])
    check(command, tmp_path, tmp_path / "out", prepared, seed=1)


def test_a_disturbed_predict_ends_as_an_undisturbed_one(source, tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(LabelMaps, "draw", lambda *_: None)  # pictures are slow
    checkpoint = write_untrained(tmp_path_factory.mktemp("model") / "best.ckpt", "segmentation", depth=1)
    places = [f"--checkpoint={checkpoint}", f"--source={source}", f"--out={tmp_path / 'out'}"]
    check(partial(main, ["predict", *places, "--device=cpu"]), tmp_path, tmp_path / "out", predicted, seed=2)


def imported(out):
    assert not [*out.glob("**/.writing-*")]
    tables = [(out / name).read_text() for name in ("import.csv", "findings.csv")]
    return tables, {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.glob("9*/*"))}


def trained(run):
    assert not [*run.glob("**/.writing-*")]
    states = [torch.load(checkpoint_file(run, name), weights_only=True) for name in (BEST, LAST)]
    return [{name: one.tolist() for name, one in state["state_dict"].items()} for state in states]


def test_a_disturbed_import_ends_as_an_undisturbed_one(tmp_path):
    for subject in ("900000001", "900000002", "900000003"):
        files = dicoms.view_files(dicoms.tiny("sa"), PatientID=subject)
        dicoms.write_zip(tmp_path / "source" / f"{subject}.zip", files)
    command = partial(main, ["import-dicom", f"--source={tmp_path / 'source'}", f"--out={tmp_path / 'out'}"])
    check(command, tmp_path, tmp_path / "out", imported, seed=3)


def test_a_disturbed_fit_ends_as_an_undisturbed_one(tmp_path):
    cache = caches.write_cache(tmp_path / "cache", caches.COHORT)
    fit = arguments(cache, tmp_path / "out", "--ckpt_path", "auto", "--trainer.limit_train_batches", "3")
    check(partial(main, fit), tmp_path, tmp_path / "out", trained, seed=4)
