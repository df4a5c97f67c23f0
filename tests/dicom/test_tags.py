import pytest
from pydicom.datadict import dictionary_VR

from cmr_ssl.dicom.tags import DECIMALS, FrameTag, Tag


@pytest.mark.parametrize("tag", [*Tag, *FrameTag], ids=lambda tag: tag.name)
def test_every_element_is_one_of_the_standard_and_decimals_are_those_it_writes_as_decimals(tag):
    assert (tag in DECIMALS) == (dictionary_VR(tag) == "DS")
