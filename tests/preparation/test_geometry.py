import nibabel as nib
import numpy as np
import pytest

from cmr_ssl.preparation.geometry import apart, frames_on_third, place_of, size_flaw
from cmr_ssl.sources.nifti_image import read_image
from tests.labelled import SHAPE, STACK, STEPS, heart, write
from tests.studies import long_axis, short_axis

UNIT_COLUMNS = STACK @ np.diag([*(1 / STEPS), 1.0])
UNIT_STEP = STACK @ np.diag([1, 1, 1 / STEPS[2], 1.0])
MOVED = STACK + np.array([[0, 0, 0, 30.0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
SMALL = heart((40, 36, 8, 2))


def sheared(cosine):
    affine = STACK.copy()
    affine[:3, 1] += cosine * affine[:3, 0]
    return affine


def without(column, value):
    affine = STACK.copy()
    affine[:3, column] = value
    return affine


def scaled(by):
    return np.diag([by, by, by, 1.0]) @ STACK


REPAIRED = [("sform-qform", "repaired")]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        *(({name: 0}, []) for name in ("unit", "qform", "sform")),
        ({"affine": np.eye(4)}, REPAIRED),
        ({"affine": np.diag([-1.0, -1, 1, 1])}, REPAIRED),
        ({"affine": np.diag([*STEPS, 1.0])}, REPAIRED),
        *(({"affine": affine}, REPAIRED) for affine in (UNIT_COLUMNS, UNIT_STEP, scaled(0.1))),
        *(({"affine": affine}, REPAIRED) for affine in (without(1, np.nan), without(2, 0.0))),
        ({"affine": scaled(1e-3), "qform": 0, "pixdim": STEPS / 1e3, "unit": 1}, [("length-unit", "noted")]),
        ({"affine": scaled(1e3), "qform": 0, "pixdim": STEPS * 1e3, "unit": 3}, [("length-unit", "noted")]),
    ],
)
def test_where_a_file_contradicts_itself_but_one_half_is_sound_that_half_is_used_and_said(tmp_path, options, said):
    image, findings = read_image(write(tmp_path / "sa.nii", SMALL, **options), "sa")
    assert [(found.code, found.severity) for found in findings] == said
    assert apart(image.affine, STACK, SHAPE) < 0.05
    assert image.stored is None


@pytest.mark.parametrize("affine", [MOVED, STACK @ np.diag([-1.0, 1, 1, 1]), short_axis(SHAPE[:3], first="apex")])
def test_two_places_that_could_both_be_right_are_told(tmp_path, affine):
    image, (found,) = read_image(write(tmp_path / "sa.nii", SMALL, affine), "sa")
    assert (found.code, found.severity) == ("sform-qform", "noted")
    assert "disagree by up to" in found.message
    np.testing.assert_allclose(image.affine, affine, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"affine": UNIT_COLUMNS, "qform": 0}, "voxels of 1 x 1 x 1 mm, but pixdim says 3.654 x 3.654 x 10 mm"),
        ({"affine": UNIT_STEP, "qform": 0}, "voxels of 3.654 x 3.654 x 1 mm, but pixdim"),
        ({"affine": STACK @ np.diag([1, 1, 0.8, 1.0])}, "x 8 mm, but pixdim"),
        ({"pixdim": (1, 1, 1)}, "but pixdim says 1 x 1 x 1 mm"),
        ({"affine": UNIT_COLUMNS, "qform": 0, "pixdim": (1, 1, 1)}, "show no heart"),
        ({"affine": np.diag([3.6538, 3.6538, 1, 1]), "qform": 0}, "but pixdim"),
        ({"affine": scaled(0.1), "qform": 0, "pixdim": STEPS / 10}, "show no heart"),
        ({"affine": scaled(1e-3), "qform": 0, "pixdim": STEPS / 1e3}, "show no heart"),
        ({"affine": STACK @ np.diag([1, 1, 10, 1.0]), "qform": 0, "pixdim": STEPS * [1, 1, 10]}, "no stack of a heart"),
        ({"affine": UNIT_STEP, "qform": 0, "pixdim": STEPS / [1, 1, 10]}, "8 mm deep, too little"),
        ({"affine": STACK @ np.diag([1, 3, 1, 1.0]), "qform": 0, "pixdim": STEPS * [1, 3, 1]}, "no picture of a plane"),
        ({"affine": sheared(0.2)}, "not perpendicular"),
        ({"affine": without(1, STACK[:3, 0])}, "not perpendicular"),
        ({"affine": without(1, [3.6538, 0, 0]), "qform": 0}, "not perpendicular"),
        ({"affine": without(1, np.nan), "qform": 0}, "no finite axes"),
        ({"affine": without(2, 0.0), "qform": 0}, "no finite axes"),
        ({"unit": 5}, "unit of length has the code 5"),
        ({"unit": 1}, "show no heart"),
        ({"sform": 0, "qform": 0, "pixdim": (3.65, 3.65, 0)}, "too little for a heart"),
    ],
)
def test_what_cannot_be_believed_is_refused_with_the_name_of_the_file(tmp_path, options, why):
    path = write(tmp_path / "odd name.nii", SMALL, **options)
    with pytest.raises(ValueError, match=rf"^odd name\.nii cannot be .*{why}"):
        read_image(path, "sa")


def test_how_thick_a_single_plane_is_does_not_matter(tmp_path):
    affine = long_axis("la_4ch", (40, 36, 1))
    path = write(tmp_path / "la.nii", SMALL[:, :, :1], affine, qform=0, pixdim=(*STEPS[:2], 1.0))
    image, findings = read_image(path, "la_4ch")
    assert findings == []
    np.testing.assert_allclose(image.affine, affine, atol=1e-4)


@pytest.mark.parametrize(
    ("sound", "steps", "shape"),
    [
        (True, (1.83, 1.83, 10.0), (208, 168, 12)),
        (True, (1.41, 1.41, 17.7), (256, 208, 6)),
        (True, (1.25, 1.25, 2.0), (160, 160, 60)),
        (True, (0.7, 0.7, 4.0), (192, 192, 8)),
        *((True, (1.37, 1.37, 8.0), (256, 256, slices)) for slices in (3, 22)),
        *((False, (1.37 * by, 1.37 * by, 8.0 * by), (256, 256, 10)) for by in (0.1, 10)),
        (False, (1.37, 1.37, 0.0), (256, 256, 10)),
        (False, (1.37, 10.0, 1.37), (256, 16, 256)),
        (False, (1.37, 1.37, 10.0), (256, 256, 50)),
    ],
)
def test_stacks_that_are_acquired_pass_and_others_do_not(sound, steps, shape):
    assert (size_flaw(np.diag([*steps, 1.0]), shape) == "") == sound


@pytest.mark.parametrize("noise", [0, 8])
def test_frames_where_slices_belong_are_recognised_in_pictures_and_labels(noise):
    still = np.random.default_rng(0).normal(60, 20, (40, 36, 8, 1))
    picture = still + 40.0 * heart() + np.random.default_rng(1).normal(0, noise, SHAPE)
    for volume in (picture, heart()):
        assert not frames_on_third(volume)
        assert frames_on_third(volume.swapaxes(2, 3))


def test_no_volume_that_is_accepted_is_wrong():
    rng = np.random.default_rng(20)
    accepted = 0
    for _ in range(1000):
        header, shape, truth = random_header(rng)
        try:
            place, _ = place_of(header, shape, "sa")
        except ValueError:
            continue
        accepted += 1
        steps = np.linalg.norm(place.affine[:3, :3], axis=0)
        assert np.prod(steps) == pytest.approx(np.prod(np.linalg.norm(truth[:3, :3], axis=0)), rel=0.03)
        if place.oriented and header["sform_code"] and header["qform_code"] and not header["intent_code"]:
            assert apart(place.affine, truth, shape) < 1.5
    assert accepted > 200


def random_header(rng):
    """Return a header with up to two faults, the shape of its volume, and the affine that is true."""
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    steps = np.array([*[rng.uniform(0.8, 3.0)] * 2, rng.uniform(4, 14)])
    shape = (int(rng.integers(60, 120)), int(rng.integers(60, 120)), int(rng.integers(7, 14)), 20)
    truth = np.eye(4)
    truth[:3, :3], truth[:3, 3] = rotation * steps, rng.normal(0, 80, 3)
    header = nib.Nifti1Header()
    header.set_data_shape(shape)
    header.set_zooms((*steps, 0.05))
    header.set_qform(truth, int(rng.integers(0, 2)))
    header.set_sform(truth, int(rng.integers(0, 3)))
    header["xyzt_units"] = 10
    for fault in rng.choice(FAULTS, int(rng.integers(0, 3)), replace=False):
        fault(header, rng)
    return header, shape, truth


ROWS = ("srow_x", "srow_y", "srow_z")


def multiply(header, by, pixdim=1.0, offset=1.0):
    """Multiply the columns of the sform, the steps in pixdim, and the offsets of both forms."""
    with np.errstate(invalid="ignore"):
        for row in ROWS:
            header[row][:3] *= by
            header[row][3] *= offset
    header["pixdim"][1:4] *= pixdim


def break_scale(header, rng):
    by = rng.choice([1e-3, 0.1, 10.0, 1e3])
    multiply(header, by, pixdim=by, offset=by)


def break_shear(header, rng):
    affine = header.get_sform()
    affine[:3, 1] += rng.choice([0.1, 1.0]) * affine[:3, 0]
    header.set_sform(affine, int(header["sform_code"]))


def break_not_a_number(header, rng):
    header["srow_y"][rng.integers(0, 4)] = rng.choice([np.nan, np.inf])


def break_move(header, rng):
    header["srow_x"][3] += 30
    header["intent_code"] = 1  # a mark for the test: the sform is as likely as the qform


def break_metres(header, rng):
    header["xyzt_units"] = 9
    multiply(header, 1e-3, pixdim=1e-3, offset=1e-3)
    for name in ("qoffset_x", "qoffset_y", "qoffset_z"):
        header[name] /= 1e3


def steps_of(header):
    return np.linalg.norm(header.get_sform()[:3, :3], axis=0).clip(1e-6)


FAULTS = np.array(
    [
        lambda header, rng: multiply(header, 1 / steps_of(header)),  # unit columns
        lambda header, rng: multiply(header, (1, 1, 1 / steps_of(header)[2])),  # a unit step
        lambda header, rng: multiply(header, (1, 1, rng.choice([0.1, 0.8, 1.25, 10]))),
        lambda header, rng: header.set_sform(np.eye(4), int(header["sform_code"])),
        *(break_scale, break_shear, break_not_a_number, break_move, break_metres),
    ]
)
