import io

import numpy as np
import pydicom
import pytest

from cmr_ssl.anatomy import LV, MYOCARDIUM
from cmr_ssl.phantom.dicom import cine_header, contours, frame_bytes, frame_uid
from cmr_ssl.phantom.examination import short_axis_cines
from cmr_ssl.phantom.scanner import Scanner, Sequence
from tests.phantom.exams import COLUMNS, EXAM, FRAMES, ROWS, series


def image(cine, frame, number=1, before=0, exam=EXAM) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(frame_bytes(cine_header(exam, cine, number, before), exam, cine, frame)))


@pytest.fixture
def cine():
    return short_axis_cines(series())[1]


def test_a_frame_says_where_it_is_and_holds_its_pixels(cine):
    read = image(cine, 2)
    np.testing.assert_array_equal(read.pixel_array, cine.pixels[2])
    assert (read.Rows, read.Columns) == (ROWS, COLUMNS)
    # the affine of exams.py by hand: columns step 3 mm along +y, rows 2 mm along -x; DICOM turns x and y around
    assert read.PixelSpacing == [2.0, 3.0]
    assert read.ImageOrientationPatient == [0, -1, 0, 1, 0, 0]
    assert read.ImagePositionPatient == [-10.0, 20.0, 40.0]
    assert read.SliceThickness == 8.0


def test_a_frame_says_when_it_is(cine):
    frames = [image(cine, frame, 5) for frame in range(FRAMES)]
    assert [float(read.TriggerTime) for read in frames] == [0.0, 250.0, 500.0, 750.0]
    assert [read.InstanceNumber for read in frames] == [1, 2, 3, 4]
    assert {(read.NominalInterval, read.CardiacNumberOfImages, read.SeriesNumber) for read in frames} == {(1000, 4, 5)}
    assert frames[0].StudyDate == "20150830"
    assert frames[0].SeriesTime > frames[0].StudyTime == "090507.000000"


def test_a_frame_says_who_it_is_nothing_of_the_person_and_its_number_from_one_cine_to_the_next(cine):
    assert image(cine, 1, before=8).InstanceNumber == 10
    read = image(cine, 0)
    assert read.PatientID == read.PatientName == "900000001"
    assert read.PatientBirthDate == read.PatientSex == ""
    assert read.SOPInstanceUID == read.file_meta.MediaStorageSOPInstanceUID == frame_uid(EXAM, cine, 0)
    assert read.Modality == "MR"


def test_only_the_copy_of_an_analysis_is_derived_and_drawn_over(cine):
    labels = np.zeros_like(cine.labels)
    labels[:, 1:4, 1:4] = MYOCARDIUM
    labels[:, 2, 2] = LV
    read = image(cine._replace(labels=labels, analysed=True), 0)
    assert read.ImageType[0] == "DERIVED"
    np.testing.assert_array_equal(read.overlay_array(0x6000), labels[0] != 0)
    plain = image(cine, 0)
    assert plain.ImageType[0] == "ORIGINAL"
    assert (0x6000, 0x3000) not in plain


def test_contours_are_the_edges_of_cavity_and_wall():
    labels, expected = np.zeros((9, 9), np.uint8), np.zeros((9, 9), bool)
    labels[1:8, 1:8] = MYOCARDIUM
    labels[3:6, 3:6] = LV
    for corner, edge in ((1, True), (2, False), (3, True), (4, False)):
        expected[corner:-corner, corner:-corner] = edge
    np.testing.assert_array_equal(contours(labels), expected)


def test_headers_say_what_took_the_images(cine):
    usual = image(cine, 0)
    assert (usual.ManufacturerModelName, usual.MagneticFieldStrength) == ("synthetic hearts", 1.5)
    sequence = Sequence(tesla=3.0, repetition_ms=3.1, echo_ms=1.5, flip_degrees=45.0, variant=("SP",))
    read = image(cine, 0, exam=EXAM._replace(scanner=Scanner("other", sequence=sequence)))
    assert (read.ManufacturerModelName, read.MagneticFieldStrength) == ("other", 3.0)
    assert (read.RepetitionTime, read.EchoTime, read.FlipAngle, read.SequenceVariant) == (3.1, 1.5, 45, "SP")
