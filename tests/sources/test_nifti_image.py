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
    unusual = stack.affine[:, [1, 0, 2, 3]]
    for affine in (stack.affine, unusual):
        write_image(tmp_path / name, stack.pixels, affine, 80.0, unit)
        image, findings = read_image(tmp_path / name, "sa")
        assert findings == []
        np.testing.assert_array_equal(image.pixels, stack.pixels)
        np.testing.assert_allclose(image.affine, affine, atol=1e-4)
    assert image.frame_ms == pytest.approx(80)


@pytest.mark.parametrize("shape", [(32, 30), (32, 30, 4), (32, 30, 4, 1), (32, 30, 4, 1, 1), (128, 128, 12, 50)])
def test_axes_that_a_file_leaves_out_have_length_one(tmp_path, shape):
    write_image(tmp_path / "sa.nii.gz", np.zeros(shape, dtype=np.int16), short_axis())
    image, _ = read_image(tmp_path / "sa.nii.gz", "sa")
    assert image.pixels.shape == (*shape, 1, 1)[:4]


def test_a_scale_in_the_header_is_applied_and_other_byte_orders_become_native(tmp_path, stack):
    path = tmp_path / "sa.nii"
    image = nib.Nifti1Image(stack.pixels, stack.affine, nib.Nifti1Header(endianness=">"))
    image.header["pixdim"][4] = 80.0
    for scale, dtype in ((1.0, "int16"), (0.5, "float32")):
        image.header.set_slope_inter(scale, 0.0)
        image.header.set_data_dtype(np.int16)
        nib.save(image, path)
        read, _ = read_image(path, "sa")
        assert read.pixels.dtype == np.dtype(dtype)
        np.testing.assert_allclose(read.pixels, np.asanyarray(nib.load(path).dataobj), rtol=1e-6)


def colour(path, _):
    nib.save(nib.Nifti1Image(np.zeros((32, 32, 2), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")]), np.eye(4)), path)


def sheared(path, _):
    affine = short_axis()
    affine[:3, 1] += 0.2 * affine[:3, 0]
    write_image(path, np.ones((32, 32, 2, 9), dtype=np.int16), affine)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path, data: path.write_bytes(b""),
        lambda path, data: path.write_bytes(gzip.compress(b"this is no image" * 99)),
        lambda path, data: path.write_bytes(data[: len(data) // 2]),
        lambda path, data: path.write_bytes(data[: len(data) // 2] + bytes(40) + data[len(data) // 2 + 40 :]),
        colour,
        sheared,
        lambda path, data: write_image(path, np.ones((4, 4, 2, 9), dtype=np.int16), short_axis()),
    ],
    ids=["empty", "text", "cut", "zeros within", "colour", "sheared", "tiny"],
)
def test_a_damaged_file_is_one_sentence(tmp_path, stack, spoil):
    path = tmp_path / "sa.nii.gz"
    write_image(path, stack.pixels, stack.affine)
    spoil(path, path.read_bytes())
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


@pytest.mark.parametrize("name", ["sa.nii.gz", "sa.nii"])
def test_a_header_that_promises_more_than_the_file_holds_asks_for_no_memory(tmp_path, stack, name):
    header = nib.Nifti1Image(stack.pixels, stack.affine).header
    header["dim"][1:5] = 32000
    content = header.binaryblock + bytes(4) + stack.pixels.tobytes("F")
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(ValueError, match=r"cannot be read"):
        read_image(tmp_path / name, "sa")


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE])
def test_an_error_of_the_machine_is_no_unreadable_file(tmp_path, stack, monkeypatch, number):
    write_image(tmp_path / "sa.nii.gz", stack.pixels, stack.affine, 80.0)

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(nib.Nifti1Image, "from_filename", fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        read_image(tmp_path / "sa.nii.gz", "sa")
