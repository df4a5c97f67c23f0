import numpy as np
import pytest

from cmr_ssl.dicom.elements import FIRST_READ, Elements, parse, parse_explicit
from cmr_ssl.dicom.header import Tag
from tests.dicom.hostile import FILES, image

TAGS = [*Tag]


def said(elements):
    """Return what elements say, an empty value being the same as none."""
    return elements._replace(values={tag: value for tag, value in elements.values.items() if value})


def agree(data):
    """Tell whether the quick parser has an opinion, which must then be that of pydicom's."""
    found = parse_explicit(data, TAGS)
    if found is None:
        return False
    assert said(found) == said(parse(data, TAGS))
    return True


def test_an_image_is_parsed_quickly():
    found = parse_explicit(image(TriggerTime="123.5"), TAGS)
    assert isinstance(found, Elements)
    assert (found.text(Tag.TRIGGER), found.short(Tag.ROWS, 0)) == ("123.5", 16)
    assert agree(image()[:FIRST_READ])


@pytest.mark.parametrize("name", FILES)
def test_both_parsers_read_the_same_in_hostile_files(name):
    agree(FILES[name][0]())


def test_both_parsers_read_the_same_wherever_a_byte_is_wrong():
    whole, rng = image(), np.random.default_rng(0)
    agreed = 0
    for _ in range(500):
        data = bytearray(whole)
        data[int(rng.integers(132, 1200))] = int(rng.integers(256))
        agreed += agree(bytes(data))
    assert agreed > 250
