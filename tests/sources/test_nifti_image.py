import errno
import gzip
import os

import nibabel as nib
import numpy as np
import pytest

from cmr_ssl.planes import APEX_TO_BASE_RAS, normal
from cmr_ssl.sources.nifti_image import read_image
from tests.studies import AXES, series, short_axis, write_image


@pytest.fixture
def stack():
    return series("sa", frames=10, frame_ms=80.0)


@pytest.mark.parametrize("unit", ["sec", "msec", "usec"])
@pytest.mark.parametrize("name", ["sa.nii.gz", "sa.nii"])
def test_pixels_affine_and_time_come_back(tmp_path, stack, unit, name):
    write_image(tmp_path / name, stack.pixels, stack.affine, 80.0, unit)
    image, findings = read_image(tmp_path / name, "sa")
    assert findings == []
    np.testing.assert_array_equal(image.pixels, stack.pixels)
    np.testing.assert_allclose(image.affine, stack.affine, atol=1e-4)
    assert image.frame_ms == pytest.approx(80)


@pytest.mark.parametrize("shape", [(32, 30), (32, 30, 4), (32, 30, 4, 1), (32, 30, 4, 1, 1)])
def test_axes_that_a_file_leaves_out_have_length_one(tmp_path, shape):
    write_image(tmp_path / "sa.nii.gz", np.ones(shape, dtype=np.int16), short_axis())
    image, _ = read_image(tmp_path / "sa.nii.gz", "sa")
    assert image.pixels.shape == (*shape[:3], *(1,) * (4 - len(shape[:3])))


def test_a_scale_in_the_header_is_applied(tmp_path, stack):
    scaled = nib.Nifti1Image(stack.pixels, stack.affine)
    scaled.header.set_slope_inter(0.5, 10.0)
    nib.save(scaled, tmp_path / "sa.nii.gz")
    written = np.asanyarray(nib.load(tmp_path / "sa.nii.gz").dataobj)
    image, _ = read_image(tmp_path / "sa.nii.gz", "sa")
    assert image.pixels.dtype == np.float32
    np.testing.assert_allclose(image.pixels, written, rtol=1e-6)


def test_other_byte_orders_become_native(tmp_path, stack):
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(np.int16)
    image = nib.Nifti1Image(stack.pixels, stack.affine, header)
    image.header["pixdim"][4] = 80.0
    nib.save(image, tmp_path / "sa.nii")
    read, _ = read_image(tmp_path / "sa.nii", "sa")
    assert read.pixels.dtype == np.dtype("int16")
    np.testing.assert_array_equal(read.pixels, stack.pixels)


def spoil_nothing_there(path):
    path.write_bytes(b"")


def spoil_text(path):
    path.write_bytes(gzip.compress(b"this is no image" * 99))


def spoil_truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil_flipped_bytes(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    path.write_bytes(bytes(data))


def spoil_colour(path):
    nib.save(nib.Nifti1Image(np.zeros((32, 32, 2), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")]), np.eye(4)), path)


def spoil_sheared(path):
    affine = short_axis()
    affine[:3, 1] += 0.2 * affine[:3, 0]
    write_image(path, np.ones((32, 32, 2, 9), dtype=np.int16), affine)


def spoil_tiny(path):
    write_image(path, np.ones((4, 4, 2, 9), dtype=np.int16), short_axis())


@pytest.mark.parametrize(
    "spoil",
    [spoil_nothing_there, spoil_text, spoil_truncated, spoil_flipped_bytes, spoil_colour, spoil_sheared, spoil_tiny],
)
def test_a_damaged_file_is_one_sentence(tmp_path, stack, spoil):
    path = tmp_path / "sa.nii.gz"
    write_image(path, stack.pixels, stack.affine)
    spoil(path)
    with pytest.raises(ValueError, match=r"\w+ \w+") as caught:
        read_image(path, "sa")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("affine", "code"),
    [(np.diag([-1.4, -1.4, 10.0, 1]), 1), (np.eye(4), 1), (short_axis(), 0)],
    ids=["diagonal", "identity", "no codes"],
)
def test_without_orientation_the_usual_picture_is_assumed_and_said(tmp_path, stack, affine, code):
    write_image(tmp_path / "sa.nii.gz", stack.pixels, affine, code=code)
    image, findings = read_image(tmp_path / "sa.nii.gz", "sa")
    assert [(found.code, found.severity) for found in findings] == [("no-orientation", "repaired")]
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    np.testing.assert_allclose(np.linalg.norm(image.affine[:3, :3], axis=0), steps, rtol=1e-5)
    directions = image.affine[:3, :3] / steps
    np.testing.assert_allclose(directions, -AXES.T, atol=1e-5)  # columns from the RV, rows down, slices to the apex
    assert abs(normal(image.affine) @ APEX_TO_BASE_RAS) > 0.99


def test_a_sound_but_unusual_orientation_is_believed(tmp_path, stack):
    affine = stack.affine[:, [1, 0, 2, 3]]
    write_image(tmp_path / "sa.nii.gz", stack.pixels, affine)
    image, findings = read_image(tmp_path / "sa.nii.gz", "sa")
    assert findings == []
    np.testing.assert_allclose(image.affine, affine, atol=1e-4)


@pytest.mark.parametrize("name", ["sa.nii.gz", "sa.nii"])
def test_a_header_that_promises_more_than_the_file_holds_asks_for_no_memory(tmp_path, stack, name):
    header = nib.Nifti1Image(stack.pixels, stack.affine).header
    header["dim"][1:5] = 32000
    content = header.binaryblock + bytes(4) + stack.pixels.tobytes("F")
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(ValueError, match=r"cannot be read"):
        read_image(tmp_path / name, "sa")


def test_an_image_of_nothing_packs_well_and_is_read(tmp_path):
    write_image(tmp_path / "sa.nii.gz", np.zeros((128, 128, 12, 50), dtype=np.int16), short_axis())
    assert read_image(tmp_path / "sa.nii.gz", "sa")[0].pixels.shape == (128, 128, 12, 50)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE])
def test_an_error_of_the_machine_is_no_unreadable_file(tmp_path, stack, monkeypatch, number):
    write_image(tmp_path / "sa.nii.gz", stack.pixels, stack.affine, 80.0)

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(nib.Nifti1Image, "from_filename", fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        read_image(tmp_path / "sa.nii.gz", "sa")
