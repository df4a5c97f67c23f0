import io

import numpy as np
import pytest
from pydicom import dcmread

from cmr_ssl.dicom.components import component, ge_part
from tests.dicoms import FRAMES, SLICES, encoded, read_zip, tiny, view_files


@pytest.mark.parametrize(
    ("image_type", "complex_component", "part"),
    [
        ("ORIGINAL\\PRIMARY\\M\\RETRO", "", ""),
        ("ORIGINAL\\PRIMARY\\M_FFE\\M\\FFE", "", ""),
        ("DERIVED\\PRIMARY\\OTHER", "", ""),
        ("ORIGINAL\\PRIMARY", "", ""),
        ("", "", ""),
        ("ORIGINAL\\PRIMARY\\P\\RETRO", "", "phase"),
        ("ORIGINAL\\PRIMARY\\PHASE MAP\\P\\FFE", "", "phase"),
        ("ORIGINAL\\PRIMARY\\VELOCITY MAP\\P\\PCA", "", "phase"),
        ("original\\primary\\ p ", "", "phase"),
        ("ORIGINAL\\PRIMARY\\R_IR\\R\\IR", "", "real"),
        ("DERIVED\\PRIMARY\\REAL", "", "real"),
        ("ORIGINAL\\PRIMARY\\I\\ND", "", "imaginary"),
        ("ORIGINAL\\PRIMARY\\IMAGINARY", "", "imaginary"),
        ("ORIGINAL\\PRIMARY\\P", "MAGNITUDE", ""),
        ("ORIGINAL\\PRIMARY\\M", "PHASE", "phase"),
        ("ORIGINAL\\PRIMARY\\VOLUME\\NONE", "MIXED", ""),
    ],
)
def test_vendors_name_the_part_of_the_signal_in_their_own_words(image_type, complex_component, part):
    assert component(image_type, complex_component) == part


def beside_noise(magnitude, others, change=lambda data, part: data, part=0):
    """Return the files of a short axis with these headers, and before them those of noise of the same place."""
    noise = tiny("sa")
    noise.pixels = np.random.default_rng(3).integers(0, 4000, noise.pixels.shape).astype(np.int16)
    files = {name: change(data, 0) for name, data in view_files(tiny("sa"), **magnitude).items()}
    return files | {f"0{name}": change(data, part) for name, data in view_files(noise, **others).items()}


def assert_magnitude(study):
    assert np.array_equal(study.series[0].pixels, tiny("sa").pixels)
    assert [(found.code, found.value) for found in study.findings] == [("not-magnitude", FRAMES * SLICES)]


@pytest.mark.parametrize(
    "values",
    [
        {"tag": "its own series", "time": "130000"},  # sharper and later than the magnitude
        {"tag": "its own series", "SeriesNumber": "0", "time": "110000"},
        {"SeriesInstanceUID": "2.25.9", "tag": "same series"},
    ],
)
def test_a_phase_series_never_takes_the_place_of_the_magnitude(values, tmp_path):
    magnitude = {"SeriesInstanceUID": "2.25.9"} if "SeriesInstanceUID" in values else {}
    files = beside_noise(magnitude, values | {"ImageType": ["ORIGINAL", "PRIMARY", "P", "RETRO"]})
    assert_magnitude(read_zip(tmp_path, files)[0])


SILENT = ["ORIGINAL", "PRIMARY", "OTHER"]


def of_ge(data, raw, creator, kind="SS"):
    """Return a file with GE's private element of that value."""
    made = dcmread(io.BytesIO(data))
    if creator:
        made.add_new(0x00430010, "LO", creator)
    made.add_new(0x0043102F, kind, raw)
    made.add_new(0x00291010, "OB", b"x" * 20_000)  # what stands before it may be long
    return encoded(made)


@pytest.mark.parametrize(("creator", "part", "said"), [("GEMS_PARM_01", 1, "phase"), ("", 3, "imaginary")])
def test_ge_tells_the_part_in_a_private_element_where_the_image_type_is_silent(part, said, creator, tmp_path):
    silent = {"ImageType": SILENT}
    files = beside_noise(silent, silent | {"time": "130000"}, lambda data, part: of_ge(data, part, creator), part)
    study, _ = read_zip(tmp_path, files)
    assert_magnitude(study)
    assert f"a {said} image" in study.findings[0].message


def test_what_is_said_in_plain_words_counts_more_and_other_vendors_elements_mean_nothing(tmp_path):
    files = view_files(tiny("sa"), ImageType=SILENT)
    others = {name: of_ge(data, 1, "SIEMENS CSA") for name, data in files.items()}
    named = {name: of_ge(data, 1, "GEMS_PARM_01") for name, data in view_files(tiny("la_4ch")).items()}
    study, _ = read_zip(tmp_path, others | named)
    assert [one.view for one in study.series] == ["sa", "la_4ch"]
    assert not study.findings


@pytest.mark.parametrize(
    ("raw", "little", "part"),
    [
        (b"\1\0", True, "phase"),
        (b"\0\1", False, "phase"),
        (b"2 ", True, "real"),
        (b"\0\0", True, "magnitude"),
        (b"\7\0", True, ""),
        (b"", True, ""),
    ],
)
def test_ge_stores_a_number_in_whatever_form(raw, little, part):
    assert ge_part("GEMS_PARM_01", raw, little) == part
