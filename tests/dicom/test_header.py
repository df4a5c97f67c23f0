import numpy as np
import pytest
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from cmr_ssl.dicom.elements import FIRST_READ, Refusal
from cmr_ssl.dicom.header import axes, read_header
from tests.dicom.hostile import PIXELS, PLACE, image, image_in
from tests.dicoms import SIDE, dataset, encoded, member


def test_a_header_is_what_was_written_and_nothing_of_the_patient_but_the_id_that_is_compared():
    header = read_header(member(image(TriggerTime="123.5", InstanceNumber="7", AcquisitionTime="110203.5")))
    assert header.grid == (SIDE, SIDE, (2.0, 2.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (1.0, 2.0, 3.0))
    assert (header.trigger_ms, header.number, header.expected, header.interval_ms) == (123.5, 7, 8, 800.0)
    assert (header.thickness, header.derived, header.name) == (8.0, False, "CINE_segmented_LAX_2Ch")
    assert header.format[3:] == (16, 12, False, 1.0, 0.0)
    assert axes((0, 1, 0, 0, 0, -1)) == pytest.approx(np.array([[0, 1, 0], [0, 0, -1], [-1, 0, 0]]))  # right-handed
    assert "SECRET" not in repr(read_header(member(image())))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_every_plain_encoding_gives_the_same_header(syntax):
    header, plain = read_header(member(image_in(syntax))), read_header(member(image()))
    assert header._replace(member=None, offset=0, format=None) == plain._replace(member=None, offset=0, format=None)
    assert header.format[3:] == plain.format[3:]


def test_a_header_longer_than_the_first_read_is_read_on():
    made = dataset(PIXELS, **PLACE)
    made.add_new(0x00091001, "OB", b"x" * (3 * FIRST_READ))
    assert read_header(member(encoded(made))).offset > 3 * FIRST_READ


def test_values_that_are_no_numbers_are_unknown():
    missing = dict.fromkeys(("TriggerTime", "NominalInterval", "SliceThickness", "InstanceNumber"))
    header = read_header(member(image(**missing)))
    assert np.isnan([header.trigger_ms, header.interval_ms, header.thickness]).all()
    assert header.number == 0


def test_later_acquisitions_sort_later():
    moments = [("095959.9", "9"), ("100000", "8"), ("100000", "10")]
    early, late, later = (image(AcquisitionTime=time, SeriesNumber=number) for time, number in moments)
    first, second, third = (read_header(member(one)).acquired for one in (early, late, later))
    assert first < second < third


PERFECT = np.array([0.6, 0.0, 0.8, 0.0, 1.0, 0.0])


@pytest.mark.parametrize(
    "crooked", [PERFECT * 1.004, PERFECT + [0, 0.012, 0, 0, 0, 0], PERFECT.round(2), PERFECT * 1.04]
)
def test_directions_that_are_nearly_right_are_mended_and_counted_where_it_matters(crooked):
    header = read_header(member(image(ImageOrientationPatient=[f"{value:.6f}" for value in crooked])))
    along, down, _ = axes(header.grid.orientation)
    assert (along @ along, down @ down, along @ down) == pytest.approx((1, 1, 0), abs=1e-9)
    assert header.grid.orientation == pytest.approx(PERFECT, abs=0.01)
    assert header.skewed == (np.abs(crooked - PERFECT).max() > 2e-3)


@pytest.mark.parametrize("keyword", ["PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient"])
def test_what_does_not_say_where_an_image_lies_is_named(keyword):
    with pytest.raises(Refusal, match=f"{keyword} is missing"):
        read_header(member(image(**{keyword: None})))
