import io

import nibabel as nib
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cmr_ssl.phantom.dicom import cine_header, frame_bytes
from cmr_ssl.phantom.examination import short_axis_cines
from cmr_ssl.release.embedded_text import dicom, nifti, picture
from tests.phantom.exams import EXAM, series


def remarks_of(kind, **options):
    """Return which remarks of a picture, saved like this, are found."""
    buffer = io.BytesIO()
    Image.new("L", (4, 4)).save(buffer, kind, **options)
    return [found.where.removeprefix("the picture's remark ") for found in picture(buffer)]


def test_texts_of_a_png_and_the_comment_of_a_gif_are_read_and_a_plain_picture_may_leave():
    remarks = PngInfo()
    remarks.add_text("Title", "subject 1234567")
    remarks.add_itxt("Source", "/home/me/figures/x.py")
    assert remarks_of("png", pnginfo=remarks) == ["'Title'", "'Source'"]
    assert remarks_of("gif", comment=b"eid 1234567") == ["'comment'"]
    assert remarks_of("png") == []


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_the_header_of_nifti_is_read(kind):
    image = kind(np.zeros((2, 2, 2), np.int16), np.eye(4))
    assert not list(nifti(io.BytesIO(image.to_bytes())))
    image.header["descrip"] = b"1234567"
    image.header["intent_name"] = b"/home/me/x"
    image.header.extensions.append(Nifti1Extension("comment", b"eid 1234567"))
    where = {found.where for found in nifti(io.BytesIO(image.to_bytes()))}
    assert where == {"the header's descrip", "the header's intent_name", "header extension 1"}


def test_the_header_of_dicom_is_read():
    cine = short_axis_cines(series())[0]

    def image(exam):
        return io.BytesIO(frame_bytes(cine_header(exam, cine, 1, 0), exam, cine, 0))

    assert not list(dicom(image(EXAM)))
    named = {found.where for found in dicom(image(EXAM._replace(subject="1234567")))}
    assert named == {"the element PatientName", "the element PatientID"}
