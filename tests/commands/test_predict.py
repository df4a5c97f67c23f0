import shutil

import pandas as pd
import pytest
import torch

from cmr_ssl.checkpoints import DATA
from cmr_ssl.cli import main
from cmr_ssl.sources import NiftiFolder
from tests import studies
from tests.inference.test_folder import IDS
from tests.untrained import write_untrained


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    for subject in IDS:
        studies.write_study(folder, studies.study(("sa", "la_4ch"), subject, frames=8, frame_ms=110.0))
    return folder


@pytest.fixture
def checkpoint(tmp_path):
    """Return a checkpoint of a tiny phenotype task that knows two views."""
    path = write_untrained(tmp_path / "best.ckpt", "phenotype", depth=1)
    change(path, {DATA: torch.load(path)[DATA] | {"views": {"sa": 12, "la_4ch": 1}}})
    return path


def change(path, parts):
    torch.save(torch.load(path) | parts, path)


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
    assert predict(checkpoint, source, source / "predictions") == 1
    assert "lies in the folder that is read" in capsys.readouterr().err
    assert predict(checkpoint, source, tmp_path / "out") == 0
    asked.clear()
    change(checkpoint, {"epoch": 7})
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
