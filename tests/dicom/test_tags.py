import pytest
from pydicom.datadict import dictionary_has_tag, dictionary_VR

from cmr_ssl.dicom.tags import DECIMALS, FrameTag, GeTag, Tag


@pytest.mark.parametrize("tag", [*Tag, *FrameTag], ids=lambda tag: tag.name)
def test_every_element_is_one_of_the_standard(tag):
    assert dictionary_has_tag(tag)


def test_decimals_are_those_that_the_standard_writes_as_texts_of_numbers_and_private_elements_are_odd():
    assert {dictionary_VR(tag) for tag in DECIMALS} == {"DS", "IS"}
    assert all((tag >> 16) % 2 for tag in GeTag)
