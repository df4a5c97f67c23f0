import dataclasses
import re

import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image

from cmr_ssl.inference.model import Model, load
from cmr_ssl.inference.prepared import prepare
from cmr_ssl.planes import LONG_AXIS, normal
from cmr_ssl.preparation.preparation import Preparation
from cmr_ssl.sources import NiftiFiles, NiftiFolder
from cmr_ssl.synthesis.plane_requests import parse_planes
from cmr_ssl.synthesis.synthesizer import synthesize_subject
from cmr_ssl.tasks.trained import Trained
from tests import studies
from tests.oracle import Oracle, lit
from tests.tiny import PATCH, tiny_task

PLACE = (9.0, -7.0, 6.0)  # of the blob, mm in the heart frame
PREPARATION = dataclasses.asdict(Preparation(size=24, spacing_mm=5.0, frames=8))
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    studies.write_study(folder, studies.study(frames=8, frame_ms=110.0))
    return folder


@pytest.fixture(scope="module")
def oracle():
    task = tiny_task()
    task.decoder = Oracle(PLACE, PATCH)
    return Model(Trained(task, dict.fromkeys(("sa", *LONG_AXIS), 1), PREPARATION, {}), CPU)


@pytest.fixture(scope="module")
def heart(source, oracle):
    found = prepare(NiftiFolder(source, NiftiFiles()).read("900000001"), oracle.trained, CPU)
    return found._replace(batch=lit(found.batch, oracle.trained.task.decoder))


def written(oracle, heart, planes, folder):
    with torch.autocast("cpu", torch.bfloat16):  # as the command does where the device can
        synthesize_subject(oracle, heart, parse_planes(planes), folder)
    return {path.name: nib.load(path) for path in folder.glob("*.nii.gz")}


def blob_in_scanner(heart):
    return (np.linalg.inv(heart.planes.to_heart) @ [*PLACE, 1.0])[:3]


def centroid(image, frame=0):
    """Return where the light of a file is, in the scanner's mm, as any viewer would."""
    light = np.asanyarray(image.dataobj)[..., frame].astype(float)
    light[light < 3] = 0
    voxel = np.array([(light * axis).sum() for axis in np.indices(light.shape)]) / light.sum()
    return nib.affines.apply_affine(image.affine, voxel)


def passed(heart, affine):
    """Return where a plane passes the blob, and its normal, in the scanner's mm."""
    place, across = blob_in_scanner(heart), normal(affine)
    return place - across * (across @ (place - affine[:3, 3])), across


def test_a_dense_stack_shows_a_thing_where_it_is_to_a_tenth_of_a_mm(oracle, heart, tmp_path):
    (image,) = written(oracle, heart, "dense", tmp_path).values()
    np.testing.assert_allclose(centroid(image), blob_in_scanner(heart), atol=0.1)


def test_planes_through_the_long_axis_show_a_thing_where_they_pass_it(oracle, heart, tmp_path):
    files = written(oracle, heart, "la:0,35,90,140", tmp_path)
    assert len(files) == 4
    for image in files.values():
        place, across = passed(heart, image.affine)
        np.testing.assert_allclose(centroid(image), place, atol=0.1)
        heart_axis = nib.affines.apply_affine(np.linalg.inv(heart.planes.to_heart), np.outer([-40, 0, 40], [0, 0, 1.0]))
        np.testing.assert_allclose((heart_axis - image.affine[:3, 3]) @ across, 0, atol=1e-4)


def test_the_planes_of_another_file_show_a_thing_where_that_file_has_it(oracle, heart, source, tmp_path):
    other = source / "900000001" / "la_3ch.nii.gz"
    (image,) = written(oracle, heart, f"like:{other}", tmp_path).values()
    np.testing.assert_allclose(centroid(image), passed(heart, nib.load(other).affine)[0], atol=0.1)


def test_files_hold_the_beat_and_say_what_they_are(oracle, heart, tmp_path):
    (image,) = written(oracle, heart, "dense", tmp_path).values()
    assert image.shape == (24, 24, 46, 8)
    assert image.header.get_zooms() == pytest.approx((5.0, 5.0, 2.0, 0.11), rel=1e-5)
    assert image.header.get_xyzt_units() == ("mm", "sec")
    assert image.header["sform_code"] == image.header["qform_code"] == 1
    np.testing.assert_allclose(image.get_qform(), image.get_sform(), atol=1e-3)
    with Image.open(tmp_path / "synthetic_sa_dense.png") as still:
        assert still.width > 12 * 96
    with Image.open(tmp_path / "synthetic_sa_dense.gif") as moving:
        assert moving.n_frames == 8


def test_a_model_that_knows_planes_by_number_cannot_be_asked(finished_run, tmp_path):
    checkpoint = torch.load(finished_run / "checkpoints" / "best.ckpt", weights_only=True)
    checkpoint["hyper_parameters"]["encoder"]["init_args"]["positions"] = {"class_path": "cmr_ssl.models.GridPositions"}
    weights = {name: weight for name, weight in checkpoint["state_dict"].items() if ".position." not in name}
    for name in [name for name in weights if ".nearness." in name]:
        del weights[name]
    for name, weight in weights.items():  # without nearness, queries and keys are as wide as values
        if re.search(r"attention\.(query|key)", name):
            weights[name] = torch.cat([weight, weight])
    checkpoint["state_dict"] = weights
    torch.save(checkpoint, tmp_path / "grid.ckpt")
    with pytest.raises(ValueError, match=r"pretrain with cmr_ssl\.models\.AnatomicalPositions"):
        load(tmp_path / "grid.ckpt", "cpu").check_planes()
