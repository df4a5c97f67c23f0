"""Whatever the axes, types, codes and faults of files: what is accepted is true. CMR_SSL_READINGS=1000 tries more."""

import os

import nibabel as nib
import numpy as np
import pytest

from cmr_ssl.anatomy import LV, MYOCARDIUM, RV
from cmr_ssl.preparation.geometry import size_flaw
from cmr_ssl.sources import NiftiFiles, NiftiFolder
from cmr_ssl.sources.nifti_files import LabelFile
from tests.labelled import STACK, heart

TIMES = int(os.environ.get("CMR_SSL_READINGS", "40"))
HEART = heart((40, 36, 8, 8))
BRIGHTNESS = np.array([60, 110, 20, 100])  # around, blood, wall, blood
TYPES = ("u1", "i2", "u2", "i4", "f4", "f8", ">i2", ">f4")


def random_turn(rng, shape):
    """Return another order and direction of the three axes, as the matrix from new voxels to old ones."""
    order, turn = rng.permutation(3), np.eye(4)
    for axis, own in enumerate(order):
        sign = rng.choice([-1, 1])
        turn[:3, axis] = np.eye(3)[own] * sign
        turn[:3, 3] += np.eye(3)[own] * (shape[own] - 1) * (sign < 0)
    return order, turn


def turned(volume, order, turn):
    flips = [axis for axis in range(3) if turn[:3, axis].sum() < 0]
    return np.flip(volume.transpose(*order, 3), flips)


def random_place(rng):
    """Return a stack that lies somewhere near the usual place."""
    angle = np.linalg.qr(np.eye(3) + rng.normal(0, 0.15, (3, 3)))[0]
    place = np.eye(4)
    place[:3, :3] = angle * np.sign(np.diag(angle)) @ STACK[:3, :3]
    place[:3, 3] = STACK[:3, 3] + rng.normal(0, 30, 3)
    return place


def random_codes(rng, dtype):
    """Return a number for each class that a type can hold."""
    largest = 1 << 20 if dtype[-2] == "f" else min(70000, np.iinfo(dtype).max)
    numbers = rng.choice(np.arange(1, largest), 3, replace=False)
    return [int(one) for one in numbers * (1 if dtype[-2] == "u" else rng.choice([-1, 1], 3))]


def save(path, volume, affine, rng, faults=()):
    image = nib.Nifti1Image(volume, affine, dtype=volume.dtype)
    image.set_qform(affine, int(rng.integers(0, 2)))
    image.set_sform(affine, int(rng.integers(1, 3)))
    image.header.set_xyzt_units("mm", "sec")
    image.header["pixdim"][4] = 0.05
    content = image.to_bytes()
    header = nib.Nifti1Header(content[:348], endianness=image.header.endianness)
    for fault in faults:
        fault(header, rng)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.binaryblock + content[348:])


def rows(header, by, offset=0.0):
    for row in ("srow_x", "srow_y", "srow_z"):
        header[row][:3] *= by
        header[row][3] += offset


def unit_columns(header, rng):
    rows(header, 1 / np.linalg.norm(header.get_sform()[:3, :3], axis=0))


def other_step(header, rng):
    rows(header, np.where(np.arange(3) == rng.integers(3), rng.choice([0.1, 0.5, 2, 10]), 1.0))


def other_unit(header, rng):
    by = rng.choice([1e-3, 0.1, 10, 1e3])
    header["pixdim"][1:4] *= by
    for name in ("srow_x", "srow_y", "srow_z"):
        header[name] *= by


def no_pixdim(header, rng):
    header["pixdim"][1:4] = rng.choice([0.0, 1.0, np.nan])


def moved_by_pixels(header, rng):
    rows(header, 1.0, float(rng.choice([-1, 1]) * rng.uniform(1.5, 40)))


def origin_lost(header, rng):
    for name in ("srow_x", "srow_y", "srow_z"):
        header[name][3] = 0
    header["qoffset_x"] = header["qoffset_y"] = header["qoffset_z"] = 0


def mirrored(header, rng):
    header["srow_x"] *= -1


SPOIL_PIXELS = (  # as no affine tells
    lambda drawn, rng: np.roll(drawn, rng.choice([-1, 1]) * rng.integers(4, 9), axis=rng.integers(2)),  # elsewhere
    lambda drawn, rng: np.roll(drawn, drawn.shape[3] // 2, axis=3),  # other frames
    lambda drawn, rng: drawn[::-1],  # the other side
)


SPOIL_BOTH = (unit_columns, other_step, other_unit, no_pixdim)
SPOIL_LABELS = (*SPOIL_BOTH, moved_by_pixels, origin_lost, mirrored)


def write_random(folder, rng):
    """Write an image and its map, each in its own way, some of them faulty; return the codes and the true place."""
    place = random_place(rng)
    kind, coded = rng.choice(TYPES), rng.choice(TYPES)
    codes = random_codes(rng, coded)
    picture = (BRIGHTNESS[HEART] + rng.integers(0, 9, HEART.shape)).astype(kind)
    drawn = np.array([0, *codes])[HEART].astype(coded)
    fault = rng.choice(4, p=[0.4, 0.2, 0.25, 0.15])
    if fault == 3:
        drawn = SPOIL_PIXELS[rng.integers(3)](drawn, rng)
        picture = picture.repeat(2, axis=2) if rng.random() < 0.2 else picture
    order, turn = random_turn(rng, HEART.shape)
    save(folder / "s" / "sa.nii", picture, place, rng, [rng.choice(SPOIL_BOTH)] if fault == 1 else [])
    spoilt = [rng.choice(SPOIL_LABELS)] if fault == 2 else []
    save(folder / "s" / "seg.nii", turned(drawn, order, turn), place @ turn, rng, spoilt)
    return codes, place


def test_labels_that_are_accepted_have_their_true_volume_and_place(tmp_path):
    rng, accepted, attached = np.random.default_rng(int(os.environ.get("CMR_SSL_SEED", "11"))), 0, 0
    for trial in range(TIMES):
        codes, place = write_random(tmp_path / str(trial), rng)
        classes = dict(zip(codes, ("LV", "myocardium", "RV"), strict=True))
        files = NiftiFiles({"sa": "sa.nii"}, [LabelFile("sa", "seg.nii", classes)])
        try:
            study = NiftiFolder(tmp_path / str(trial), files).read("s")
        except ValueError:
            continue
        for one in study.series:
            if size_flaw(one.affine, one.pixels.shape):
                continue  # prepare and quantify refuse it
            accepted += 1
            assert one.pixels.shape == HEART.shape
            voxel = abs(np.linalg.det(one.affine[:3, :3]))
            assert voxel == pytest.approx(abs(np.linalg.det(place[:3, :3])), rel=0.03)
            if one.labels is None:
                continue
            attached += 1
            for value, number in ((LV, 1), (MYOCARDIUM, 2), (RV, 3)):
                assert (one.labels == value).sum() == np.count_nonzero(number == HEART)
            where = np.argwhere(one.labels == LV)[:, :3].mean(axis=0)
            np.testing.assert_allclose(where, np.argwhere(HEART == 1)[:, :3].mean(axis=0), atol=1e-6)
            assert one.pixels[one.labels == LV].mean() == pytest.approx(114, abs=0.5)
    assert accepted > TIMES / 2
    assert attached > TIMES / 3
