import json

import nibabel
import numpy as np
import pandas as pd
import pytest

from cmr_ssl.anatomy import LV
from cmr_ssl.cli import main
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.preparation.cache import read_prepared

SPLIT = ["--fractions", "[0.5,0.3,0.2]"]


def lists(cache, out, *more):
    return main(["lists", "--cache", str(cache), "--out", str(out), *SPLIT, *map(str, more)])


@pytest.fixture(scope="module")
def written(hearts, tmp_path_factory):
    out = tmp_path_factory.mktemp("lists") / "Dataset501_Heart"
    assert lists(hearts / "cache", out) == 0
    return out


def volume_mm3(image):
    return (np.asarray(image.dataobj) == LV).sum() * abs(np.linalg.det(image.affine[:3, :3]))


def test_volumes_are_those_of_the_cache_and_lie_where_the_scanner_saw_them(hearts, written):
    table = pd.read_csv(written / "cases.csv", dtype=str)
    for subject, case in zip(table["subject"], table["case"], strict=True):
        (path,) = written.glob(f"labelsT?/{case}.nii.gz")
        image, frame = nibabel.load(path), int(case[-2:])
        prepared = read_prepared(hearts / "cache", subject)
        planes = np.flatnonzero(prepared.view == VIEWS.index(SHORT_AXIS))
        rows = np.isin(prepared.labelled[:, 0], planes) & (prepared.labelled[:, 1] == frame)
        voxel = abs(np.linalg.det(prepared.affine[planes[0], :3, :3].astype(float)))
        assert volume_mm3(image) == pytest.approx((prepared.labels[rows] == LV).sum() * voxel, rel=1e-5)

        source = nibabel.load(hearts / "cohort" / subject / "seg6_sa.nii.gz")
        drawn = np.asarray(source.dataobj)
        truth = drawn[..., round(frame * drawn.shape[3] / prepared.images.shape[1]) % drawn.shape[3]] == LV
        centres = [
            (one.affine @ [*np.argwhere(mask).mean(axis=0), 1])[:3]
            for one, mask in ((image, np.asarray(image.dataobj) == LV), (source, truth))
        ]
        assert np.linalg.norm(centres[0] - centres[1]) < 3.0  # of a pixel of 5.5 mm


def test_images_and_label_maps_lie_on_one_grid_and_images_are_the_cache(hearts, written):
    for path in sorted(written.glob("labelsT?/*")):
        images = path.parent.name.replace("labels", "images")
        image, labels = nibabel.load(written / images / path.name.replace(".nii", "_0000.nii")), nibabel.load(path)
        assert image.shape == labels.shape
        assert np.array_equal(image.affine, labels.affine)
        assert image.header.get_xyzt_units()[0] == "mm"
        subject, frame = path.name.split(".")[0].split("_frame")
        prepared = read_prepared(hearts / "cache", subject)
        assert np.array_equal(np.asarray(image.dataobj)[..., 0].T, prepared.images[0, int(frame)])


def test_no_person_is_on_both_sides_and_every_list_names_files_that_exist(written):
    (fold,) = json.loads((written / "splits_final.json").read_text())
    persons = [{name.split("_frame")[0] for name in fold[side]} for side in ("train", "val")]
    assert all(persons)
    assert not persons[0] & persons[1]
    made = json.loads((written / "dataset.json").read_text())
    assert made["numTraining"] == len(fold["train"]) + len(fold["val"]) == len([*written.glob("labelsTr/*")])
    listed = json.loads((written / "decathlon.json").read_text())
    files = [path for key in ("training", "validation", "test") for one in listed[key] for path in one.values()]
    assert sorted(files) == sorted(str(path.relative_to(written)) for path in written.glob("*/*.nii.gz"))


def test_label_values_are_those_of_the_list(written):
    numbers = json.loads((written / "dataset.json").read_text())["labels"]
    found = [np.unique(np.asarray(nibabel.load(path).dataobj)) for path in written.glob("labelsT?/*")]
    assert {*np.concatenate(found).tolist()} <= {*numbers.values()}
    assert sorted(numbers.values()) == [*range(len(numbers))]


def test_run_again_it_writes_nothing_and_who_withdrew_or_moved_is_gone(hearts, tmp_path):
    out = tmp_path / "set"
    assert lists(hearts / "cache", out) == 0
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/*.nii.gz")}
    assert lists(hearts / "cache", out) == 0
    assert before == {path: path.stat().st_mtime_ns for path in out.glob("*/*.nii.gz")}
    gone = json.loads((out / "splits_final.json").read_text())[0]["train"][0].split("_frame")[0]
    (tmp_path / "gone.txt").write_text(gone)
    assert lists(hearts / "cache", out, "--withdrawn", tmp_path / "gone.txt", "--fractions", "[0.3,0.5,0.2]") == 0
    assert not [path for path in out.rglob("*") if path.is_file() and gone.encode() in path.read_bytes()]
    assert not [*out.glob(f"*/{gone}*")]
    listed = {path for case in json.loads((out / "decathlon.json").read_text())["test"] for path in case.values()}
    assert listed == {str(path.relative_to(out)) for path in out.glob("*Ts/*")}


def test_a_folder_of_something_else_is_left_alone(hearts, tmp_path, capsys):
    (tmp_path / "dataset.json").write_text("{}")
    assert lists(hearts / "cache", tmp_path) == 1
    assert "dataset.json" in capsys.readouterr().err
    assert (tmp_path / "dataset.json").read_text() == "{}"
