import pytest

from cmr_ssl.dicom.manifest import FILE, read_manifest
from tests.dicoms import manifest_text, member


@pytest.mark.parametrize("name", ["manifest.csv", "manifest.cvs", "a/MANIFEST.CSV"])
def test_both_spellings_are_manifests(name):
    assert FILE.search(name)


def test_columns_are_found_by_name_whatever_stands_in_other_lines_and_dates():
    names = {"1.dcm": "CINE_segmented_SAX_b1", "2.dcm": "CINE_segmented_LAX_2Ch"}
    assert read_manifest(member(manifest_text(names).encode())) == names
    text = "series description,uncompressed size,filename\nCINE,17,1.dcm\n"
    assert read_manifest(member(text.encode())) == {"1.dcm": "CINE"}
    text = manifest_text({"1.dcm": "CINE"}) + "2.dcm,too,few\n\n"
    assert read_manifest(member(text.encode())) == {"1.dcm": "CINE"}


@pytest.mark.parametrize("data", [b"", b"\0\0\0", b"\xff\xfe" * 50, b"a,b\n1,2\n", b'"' * 200_000, b"x" * 200_000])
def test_a_manifest_that_says_nothing_is_refused_in_a_sentence(data):
    with pytest.raises(ValueError, match=r"has no columns|cannot be understood"):
        read_manifest(member(data))
