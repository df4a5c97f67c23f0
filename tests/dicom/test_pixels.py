import numpy as np
import pytest
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, RLELossless

from cmr_ssl.dicom.header import read_header
from cmr_ssl.dicom.pixels import codestream_size, read_pixels
from tests.dicom.hostile import PIXELS, PLACE, image, image_in, jpeg_2000_size, jpeg_size, with_syntax
from tests.dicoms import SIDE, dataset, encoded, member


def pixels_of(data):
    return read_pixels(read_header(member(data)))


def private():
    made = dataset(PIXELS, **PLACE)
    made.add_new(0x00291010, "OB", b"\xe0\x7f\x10\x00" * 5000)  # looks like the pixels' own tag
    return encoded(made)


@pytest.mark.parametrize("data", [image(), *map(image_in, (ImplicitVRLittleEndian, ExplicitVRBigEndian)), private()])
def test_pixels_are_what_was_written_in_every_plain_encoding_and_behind_private_elements(data):
    assert np.array_equal(pixels_of(data), PIXELS)


def test_signed_pixels_keep_their_sign_and_eight_bits_are_read():
    signed = (PIXELS - 100).astype("<i2").tobytes()
    values = {"PixelRepresentation": 1, "BitsStored": 16, "HighBit": 15, "PixelData": signed}
    assert np.array_equal(pixels_of(image(**values)), PIXELS - 100)
    values = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelData": PIXELS.astype("u1").tobytes()}
    assert np.array_equal(pixels_of(image(**values)), PIXELS)


def test_bits_beside_the_grey_values_are_cleared():
    assert np.array_equal(pixels_of(image(PixelData=(PIXELS + 0x8000).astype("<u2").tobytes())), PIXELS)
    signed = ((PIXELS - 100) & 0x0FFF).astype("<u2").tobytes()
    assert np.array_equal(pixels_of(image(PixelRepresentation=1, PixelData=signed)), PIXELS - 100)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_pixels_are_decoded(syntax):
    if syntax == JPEG2000Lossless:
        pytest.importorskip("openjpeg")
    pixels = np.arange(64 * 64).reshape(64, 64)
    made = dataset(pixels, **PLACE)
    made.compress(syntax, generate_instance_uid=False)
    assert np.array_equal(pixels_of(encoded(made)), pixels)


def test_short_pixels_are_counted():
    with pytest.raises(ValueError, match=f"holds {SIDE * SIDE * 2 - 100} of the {SIDE * SIDE * 2} bytes"):
        pixels_of(image(PixelData=PIXELS.astype("<u2").tobytes()[:-100]))


def test_a_stream_that_promises_another_image_is_not_decoded():
    assert codestream_size(b"x" * 20 + jpeg_size(300, 200)) == (300, 200)
    assert codestream_size(b"x" * 20 + jpeg_2000_size(300, 200)) == (300, 200)
    assert codestream_size(b"\xff" * 100) is None
    with pytest.raises(ValueError, match="65000 x 300 pixels, not 16 x 16"):
        pixels_of(with_syntax(JPEGLosslessSV1, jpeg_size(65000, 300)))
