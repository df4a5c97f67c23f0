import io

import numpy as np

from cmr_ssl.dicom.elements import FIRST_READ, Refusal, parse, read_elements
from cmr_ssl.dicom.header import Tag
from tests.dicom.hostile import image

TAGS = [*Tag]


def test_the_first_bytes_of_an_image_are_enough():
    whole = image(TriggerTime="123.5")
    stream = io.BytesIO(whole + bytes(10 * FIRST_READ))
    elements = read_elements(stream, TAGS)
    assert (elements.text(Tag.TRIGGER), elements.short(Tag.ROWS, 0)) == ("123.5", 16)
    assert stream.tell() == FIRST_READ
    assert elements == parse(whole, TAGS)


def test_a_wrong_byte_anywhere_is_read_or_refused_and_raises_nothing_else():
    whole, rng = image(), np.random.default_rng(0)
    refused = 0
    for _ in range(500):
        data = bytearray(whole)
        data[int(rng.integers(132, 1200))] = int(rng.integers(256))
        try:
            assert read_elements(io.BytesIO(data), TAGS).end > 0
        except Refusal:
            refused += 1
    assert 0 < refused < 250
