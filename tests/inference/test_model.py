import nibabel as nib
import numpy as np
import pandas as pd
import pytest

import cmr_ssl
from cmr_ssl.cli import main
from tests import studies
from tests.untrained import SIZE, TASKS, write_untrained

SUBJECT = "900000003"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with checkpoints of every kind, and a cohort of one study."""
    folder = tmp_path_factory.mktemp("model")
    for kind in TASKS:
        write_untrained(folder / kind / "checkpoints" / "best.ckpt", kind)
    studies.write_study(folder / "cohort", studies.study(subject=SUBJECT, frames=8, frame_ms=110.0))
    return folder


@pytest.fixture(scope="module")
def study(folder):
    return cmr_ssl.read(folder / "cohort" / SUBJECT)


def model_of(folder, kind):
    return cmr_ssl.load(folder / kind, device="cpu")


def command(name, folder, out, kind, *more):
    source = ["--source", str(folder / "cohort"), "--device", "cpu"]
    checkpoint = str(folder / kind / "checkpoints" / "best.ckpt")
    assert main([name, "--checkpoint", checkpoint, *source, "--out", str(out), *more]) == 0


@pytest.mark.parametrize("kind", ["phenotype", "diagnosis"])
def test_predictions_are_those_of_the_command(kind, folder, study, tmp_path):
    command("predict", folder, tmp_path, kind)
    row = pd.read_csv(tmp_path / "phenotypes.csv").iloc[0]
    prediction = model_of(folder, kind).predict(study)
    assert list(prediction.values) == (["P(normal)", "P(ill)"] if kind == "diagnosis" else TASKS[kind][1]["targets"])
    for name, value in prediction.values.items():
        assert value == pytest.approx(row[name], rel=1e-4)
    assert prediction.reason == ""


def test_a_prediction_that_no_heart_can_have_is_a_reason_and_no_number(folder, study):
    model = model_of(folder, "phenotype")
    model.trained.task.objective.mean[1] = -2.0
    prediction = model.predict(study)
    assert np.isfinite(prediction.values["LVEF (%)"])
    assert np.isnan(prediction.values["LVEDV (mL)"])
    assert prediction.reason.endswith("(mL) is none that a heart can have, 5 to 700")


def test_label_maps_and_volumes_are_those_of_the_command(folder, study, tmp_path):
    command("predict", folder, tmp_path / "out", "segmentation")
    row = pd.read_csv(tmp_path / "out" / "phenotypes.csv").iloc[0]
    labels = model_of(folder, "segmentation").segment(study)
    measured = labels.volumes()
    for name, value in measured.values.items():
        assert value == pytest.approx(row[name], rel=1e-4, nan_ok=True)
        assert np.isnan(value) == (name in measured.reasons)
    for path in labels.save(tmp_path / "own"):
        own, written = nib.load(path), nib.load(tmp_path / "out" / SUBJECT / path.name)
        np.testing.assert_array_equal(own.get_fdata(), written.get_fdata())
        np.testing.assert_allclose(written.affine, study.affines[path.name[5:-7]], atol=1e-3)
        assert own.header.get_zooms() == written.header.get_zooms() == pytest.approx(zooms(study, path.name[5:-7]))
    assert {view: one.shape for view, one in labels.maps.items()} == {
        view: one.shape for view, one in study.images.items()
    }


def zooms(study, view):
    """Return voxel sizes in mm and the time between frames in s."""
    return (*np.linalg.norm(study.affines[view][:3, :3], axis=0), study.times_ms[view][1] / 1e3)


@pytest.mark.parametrize("kind", ["pretraining", "segmentation"])
def test_embeddings_are_those_of_the_command(kind, folder, study, tmp_path):
    size = [option for name, value in SIZE.items() for option in (f"--preparation.{name}", str(value))]
    cache, out = str(tmp_path / "cache"), str(tmp_path / "e.parquet")
    assert main(["prepare", "--source", str(folder / "cohort"), "--out", cache, *size]) == 0
    checkpoint = str(folder / kind / "checkpoints" / "best.ckpt")
    assert main(["embed", "--checkpoint", checkpoint, "--cache", cache, "--out", out, "--workers", "0"]) == 0
    row, own = pd.read_parquet(out).iloc[0], model_of(folder, kind).embed(study)
    assert own.subject == row["subject"] == SUBJECT
    assert list(row["plane_views"]) == own.plane_views
    for name in ("landmarks", "class_token", "mean", *(["whole_heart"] if kind == "pretraining" else [])):
        np.testing.assert_allclose(getattr(own, name), row[name], atol=1e-4, rtol=1e-4)
    assert (own.whole_heart is None) == (kind == "segmentation")


def test_planes_nobody_acquired_are_those_of_the_command(folder, study, tmp_path):
    file = folder / "cohort" / SUBJECT / "la_4ch.nii.gz"
    command("synthesize", folder, tmp_path / "out", "pretraining", "--planes", f"like:{file}")
    written = nib.load(tmp_path / "out" / SUBJECT / "synthetic_like_la_4ch.nii.gz")
    plane = model_of(folder, "pretraining").plane(study, study.affines["la_4ch"])
    plane.save(tmp_path / "plane.nii.gz")
    own = nib.load(tmp_path / "plane.nii.gz")
    np.testing.assert_allclose(own.get_fdata(), written.get_fdata(), atol=1)
    np.testing.assert_allclose(own.affine, written.affine, atol=1e-3)
    assert own.header["descrip"] == written.header["descrip"]


@pytest.mark.parametrize(
    ("kind", "what", "able"),
    [
        ("phenotype", "segment", "embed() or predict()"),
        ("segmentation", "predict", "embed() or segment()"),
        ("pretraining", "predict", "embed() or plane()"),
    ],
)
def test_what_a_model_cannot_do_is_an_error_that_names_what_it_can(kind, what, able, folder, study):
    with pytest.raises(ValueError, match=rf"has no {what}\(\)") as error:
        getattr(model_of(folder, kind), what)(study)
    assert able in str(error.value)


@pytest.mark.parametrize("affine", [np.full((4, 4), np.nan), np.eye(3), []])
def test_a_plane_that_is_nowhere_or_beside_the_heart_is_refused(affine, folder, study):
    model, beside = model_of(folder, "pretraining"), study.affines["la_4ch"].copy()
    with pytest.raises(ValueError, match="4 x 4 finite numbers"):
        model.plane(study, affine)
    beside[:3, 3] += 200 * np.cross(beside[:3, 0], beside[:3, 1]) / np.linalg.norm(beside[:3, 0]) ** 2
    with pytest.raises(ValueError, match="from the heart's centre"):
        model.plane(study, beside)


def test_what_is_no_study_is_refused(folder, study):
    for other in ([study], SUBJECT):
        with pytest.raises(TypeError, match="one study is wanted"):
            model_of(folder, "segmentation").segment(other)
