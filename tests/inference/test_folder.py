import dataclasses
from functools import partial

import numpy as np
import torch

from cmr_ssl.inference import folder as predicting
from cmr_ssl.inference.model import Model
from cmr_ssl.preparation.preparation import Preparation
from cmr_ssl.runner.run import Job, Steps
from cmr_ssl.sources import NiftiFiles, NiftiFolder
from cmr_ssl.tasks import SegmentationTask
from cmr_ssl.tasks.trained import Trained
from tests import studies
from tests.tiny import tiny_encoder

PREPARATION = dataclasses.asdict(Preparation(size=24, spacing_mm=5.0, frames=8))
VIEWS = {"sa": 12, "la_4ch": 1}
IDS = ("900000001", "900000002", "900000003")


def model_of(task):
    return Model(Trained(task, VIEWS, PREPARATION, {}), torch.device("cpu"))


def segmentation(monkeypatch, says=1):
    """Return a task that finds a disc of class `says` around the middle of every slice."""
    task = SegmentationTask(tiny_encoder()).eval()
    task.drawn[:] = 1

    def logits(batch, frames):
        row, column = (np.mgrid[:24, :24] - 11.5) / 5
        disc = torch.from_numpy(np.where(np.hypot(row, column) < 1, 9.0, 0.0)) * torch.eye(6)[says][:, None, None]
        found = disc[None, None, :, None].repeat(1, batch.images.shape[1], 1, frames.shape[1], 1, 1)
        found[:, :, :, : frames.shape[1] // 2, 9:15] = 0.0  # it beats
        return found

    monkeypatch.setattr(task, "logits", logits)
    return model_of(task)


def row_of(model, folder, out, subject=IDS[0]):
    source = NiftiFolder(folder, NiftiFiles())
    steps = Steps(source, partial(predicting.predict_subject, model, out), "", out)
    return predicting.row_of(steps(Job(subject, source.fingerprint(subject))))


def spoilt(folder, *place):
    """Write a study of which a slice of the short axis, or a frame of it, is blank, and return the folder."""
    study = studies.study(("sa", "la_4ch"), IDS[0], frames=8, frame_ms=110.0)
    study.series[0].pixels[:, :, *place] = 100
    studies.write_study(folder, study)
    return folder


def test_what_was_repaired_is_a_problem_and_leaves_the_number(source, tmp_path, monkeypatch):
    row = row_of(segmentation(monkeypatch), spoilt(tmp_path / "frame", 2, 3), tmp_path)
    assert row["problem"] == "repaired: sa slice 2: 1 of 8 frames are blank; they were interpolated"
    assert row["LVEDV (mL)"] > 0


def test_halves_of_a_killed_run_do_not_stay(source, tmp_path, monkeypatch):
    half = tmp_path / IDS[0] / ".writing-7-seg6_sa.nii.gz"
    half.parent.mkdir()
    half.write_bytes(b"half")
    row = row_of(segmentation(monkeypatch), source, tmp_path)
    assert row["problem"] == ""
    assert {path.name for path in half.parent.iterdir()} == {
        "seg6_sa.nii.gz", "seg6_la_4ch.nii.gz", "overlay.png", "overlay.gif"
    }  # fmt: skip
