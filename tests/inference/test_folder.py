import dataclasses
import errno
import os
import shutil
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

from cmr_ssl.checkpoints import fingerprint
from cmr_ssl.cli import main
from cmr_ssl.inference import folder as predicting
from cmr_ssl.inference import label_maps
from cmr_ssl.inference.model import Model
from cmr_ssl.preparation.preparation import Preparation
from cmr_ssl.runner.run import Job, Steps
from cmr_ssl.sources import NiftiFiles, NiftiFolder
from cmr_ssl.tasks import PhenotypeTask, SegmentationTask
from cmr_ssl.tasks.trained import Trained
from tests import studies
from tests.tiny import tiny_encoder

PREPARATION = dataclasses.asdict(Preparation(size=24, spacing_mm=5.0, frames=8))
VIEWS = {"sa": 12, "la_4ch": 1}
IDS = ("900000001", "900000002", "900000003")


def model_of(task, fingerprint=""):
    return Model(Trained(task, VIEWS, PREPARATION, {}), torch.device("cpu"), fingerprint=fingerprint)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    for subject in IDS:
        studies.write_study(folder, studies.study(("sa", "la_4ch"), subject, frames=8, frame_ms=110.0))
    return folder


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    """Return a file that stands for a tiny phenotype task."""
    task = PhenotypeTask(["LVEF (%)", "LVEDV (mL)"], encoder=tiny_encoder()).eval()
    task.objective.mean.copy_(torch.tensor([55.0, 150.0]))  # as of hearts, however little was learnt
    monkeypatch.setattr(predicting, "load", lambda path, device: model_of(task, fingerprint(path)))
    path = tmp_path / "best.ckpt"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def asked(monkeypatch):
    """Return the subjects that the network was asked about, in their order."""
    subjects, read = [], NiftiFolder.read
    monkeypatch.setattr(NiftiFolder, "read", lambda folder, subject: subjects.append(subject) or read(folder, subject))
    return subjects


def predict(checkpoint, source, out, *more):
    return main(["predict", "--checkpoint", str(checkpoint), "--source", str(source), "--out", str(out), *more])


def fail_at(monkeypatch, subject, error):
    read = NiftiFolder.read

    def read_or_fail(folder, one):
        if one == subject:
            raise error
        return read(folder, one)

    monkeypatch.setattr(NiftiFolder, "read", read_or_fail)


@pytest.mark.parametrize(
    ("error", "why"),
    [(KeyboardInterrupt(), "interrupted"), (OSError(errno.ENOSPC, "No space left on device"), "No space left")],
)
def test_a_run_that_was_cut_goes_on_where_it_was(error, why, checkpoint, source, tmp_path, asked, monkeypatch, capsys):
    assert predict(checkpoint, source, tmp_path / "whole") == 0
    asked.clear()
    with monkeypatch.context() as patch:
        fail_at(patch, IDS[1], error)
        assert predict(checkpoint, source, tmp_path / "cut") == 1
    said = capsys.readouterr().err
    assert "Predicting stopped: " in said
    assert why in said
    assert asked == [IDS[0]]
    assert not (tmp_path / "cut" / "phenotypes.csv").exists()
    (journal,) = (tmp_path / "cut" / ".predict").rglob("*.jsonl")
    journal.write_text(journal.read_text() + '{"subject": "900000002", "sett')
    assert predict(checkpoint, source, tmp_path / "cut") == 0
    assert asked == list(IDS)
    cut, whole = ((tmp_path / name / "phenotypes.csv").read_text() for name in ("cut", "whole"))
    assert cut == whole
    assert pd.read_csv(tmp_path / "cut" / "phenotypes.csv")["subject"].tolist() == list(map(int, IDS))


def test_only_what_is_new_is_done_again(checkpoint, source, tmp_path, asked):
    folder, out = tmp_path / "source", tmp_path / "out"
    shutil.copytree(source, folder)
    assert predict(checkpoint, folder, out) == 0
    asked.clear()
    assert predict(checkpoint, folder, out) == 0
    assert asked == []
    shutil.rmtree(folder / IDS[2])
    studies.write_study(folder, studies.study(("sa",), IDS[1], frames=8))
    assert predict(checkpoint, folder, out) == 0
    assert asked == [IDS[1]]
    assert pd.read_csv(out / "phenotypes.csv")["subject"].tolist() == list(map(int, IDS[:2]))


def test_predictions_of_another_checkpoint_are_replaced_only_where_asked(checkpoint, source, tmp_path, asked, capsys):
    assert predict(checkpoint, source, tmp_path / "out") == 0
    asked.clear()
    checkpoint.write_bytes(b"other weights")
    assert predict(checkpoint, source, tmp_path / "out") == 1
    assert "was made with another checkpoint" in capsys.readouterr().err
    assert asked == []
    assert predict(checkpoint, source, tmp_path / "out", "--overwrite", "true") == 0
    assert predict(checkpoint, source, tmp_path / "out") == 0
    assert asked == list(IDS)


def test_whatever_goes_wrong_with_a_subject_is_a_row(checkpoint, source, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "source"
    shutil.copytree(source / IDS[0], folder / IDS[0])
    studies.write_study(folder, studies.study(("sa",), IDS[1], frames=2))
    shutil.copytree(source / IDS[2], folder / IDS[2])
    studies.write_study(folder, studies.study(("la_2ch",), "900000004", frames=8))
    fail_at(monkeypatch, IDS[2], RuntimeError("out of memory"))
    assert predict(checkpoint, folder, tmp_path / "out") == 0
    problems = pd.read_csv(tmp_path / "out" / "phenotypes.csv", keep_default_na=False)["problem"].tolist()
    assert problems[0] == ""
    assert "2 frames of the study are no whole beat" in problems[1]
    assert problems[2] == "unexpected RuntimeError: out of memory"
    assert "no plane of sa, la_4ch" in problems[3]
    assert "1 subjects predicted, 3 not" in capsys.readouterr().out


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE])
def test_errors_of_the_machine_stop_and_are_no_row(checkpoint, source, tmp_path, monkeypatch, capsys, number):
    with monkeypatch.context() as patch:
        fail_at(patch, IDS[1], OSError(number, os.strerror(number), "sa.nii.gz"))
        assert predict(checkpoint, source, tmp_path / "out") == 1
    assert f"{IDS[1]} cannot be read" in capsys.readouterr().err
    assert predict(checkpoint, source, tmp_path / "out") == 0
    problems = pd.read_csv(tmp_path / "out" / "phenotypes.csv", keep_default_na=False)["problem"]
    assert problems.tolist() == ["", "", ""]


def test_predictions_among_the_studies_are_refused(checkpoint, source, capsys):
    assert predict(checkpoint, source, source / "predictions") == 1
    assert "lies in the folder that is read" in capsys.readouterr().err


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


def spoilt(folder, spoil):
    """Write a study whose short axis `spoil` changed, and return the folder."""
    study = studies.study(("sa", "la_4ch"), IDS[0], frames=8, frame_ms=110.0)
    spoil(study.series[0].pixels)
    studies.write_study(folder, study)
    return folder


def test_a_slice_that_was_set_aside_leaves_no_volume_that_lacks_it(source, tmp_path, monkeypatch):
    model = segmentation(monkeypatch)
    whole = row_of(model, source, tmp_path)
    assert whole["LVEDV (mL)"] > 0
    assert whole["problem"] == ""
    spoil = lambda pixels: pixels[:, :, 4].fill(100)  # noqa: E731
    row = row_of(model, spoilt(tmp_path / "blank", spoil), tmp_path)
    assert row["status"] == "predicted"
    assert row["problem"] == "rejected: sa slice 4: every frame is one constant value"
    assert np.isnan(row["LVEDV (mL)"])
    assert "LVEDV (mL)" in row["Not measurable"]
    assert "reaches a slice that is missing" in row["Not measurable"]


def test_what_was_repaired_is_a_problem_and_leaves_the_number(source, tmp_path, monkeypatch):
    spoil = lambda pixels: pixels[:, :, 2, 3].fill(100)  # noqa: E731
    row = row_of(segmentation(monkeypatch), spoilt(tmp_path / "frame", spoil), tmp_path)
    assert row["problem"] == "repaired: sa slice 2: 1 of 8 frames are blank; they were interpolated"
    assert row["LVEDV (mL)"] > 0


def test_classes_nobody_drew_have_no_volume(source, tmp_path, monkeypatch):
    model = segmentation(monkeypatch)
    model.trained.task.drawn[:, 1] = 0
    row = row_of(model, source, tmp_path)
    assert np.isnan(row["LVEDV (mL)"])
    assert "no training subject had the LV drawn" in row["Not measurable"]


def test_without_its_short_axis_a_study_has_no_numbers_and_the_reason(source, checkpoint, tmp_path):
    folder = tmp_path / "source"
    shutil.copytree(source, folder)
    (folder / IDS[0] / "sa.nii.gz").write_bytes(b"torn")
    assert predict(checkpoint, folder, tmp_path / "out") == 0
    row, sound, _ = pd.read_csv(tmp_path / "out" / "phenotypes.csv", keep_default_na=False).to_dict("records")
    assert (row["status"], row["LVEDV (mL)"]) == ("not predicted", "")
    assert row["problem"].startswith("rejected: sa: ")
    assert "no usable short axis" in row["Not measurable"]
    assert (sound["status"], sound["problem"], sound["Not measurable"]) == ("predicted", "", "")


def test_slices_are_numbered_as_in_the_file_and_findings(source, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(label_maps, "overlay", lambda *options: said.append(options[4]))
    spoil = lambda pixels: pixels[:, :, 4].fill(100)  # noqa: E731
    row_of(segmentation(monkeypatch), spoilt(tmp_path / "blank", spoil), tmp_path)
    assert said == [[*(f"sa {index}" for index in (0, 1, 2, 3, 5, 6, 7, 8)), "la_4ch"]]


def test_halves_of_a_killed_run_do_not_stay(source, tmp_path):
    task = SegmentationTask(tiny_encoder()).eval()
    half = tmp_path / IDS[0] / ".writing-7-seg6_sa.nii.gz"
    half.parent.mkdir()
    half.write_bytes(b"half")
    row = row_of(model_of(task), source, tmp_path)
    assert row["problem"] == ""
    assert {path.name for path in half.parent.iterdir()} == {
        "seg6_sa.nii.gz", "seg6_la_4ch.nii.gz", "overlay.png", "overlay.gif"
    }  # fmt: skip


def test_withdrawn_participants_are_not_predicted_and_their_predictions_go(checkpoint, source, asked, tmp_path, caplog):
    out = tmp_path / "out"
    assert predict(checkpoint, source, out) == 0
    (out / IDS[1]).mkdir()
    (out / IDS[1] / "seg6_sa.nii.gz").touch()
    (tmp_path / "w.csv").write_text(f"{IDS[1]}\n")
    asked.clear()
    assert predict(checkpoint, source, out, "--withdrawn", str(tmp_path / "w.csv")) == 0
    assert asked == []
    texts = [path.read_text() for path in out.rglob("*") if path.is_file()]
    assert not any(IDS[1] in text for text in texts)
    assert not (out / IDS[1]).exists()
    assert "1 files, 1 journal entries and 1 rows of tables were removed" in caplog.text
