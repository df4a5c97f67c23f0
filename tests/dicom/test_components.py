import numpy as np
import pytest

from cmr_ssl.dicom.archive import Limits
from cmr_ssl.dicom.components import component
from cmr_ssl.dicom.reading import read_study
from tests.dicoms import FRAMES, SLICES, codes, tiny, view_files, write_zip


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


@pytest.mark.parametrize("part", ["P", "R", "I", "PHASE MAP"])
@pytest.mark.parametrize(
    "values",
    [
        {"tag": "its own series", "time": "130000"},  # sharper and later than the magnitude
        {"tag": "its own series", "SeriesNumber": "0", "time": "110000"},
        {"SeriesInstanceUID": "2.25.9", "tag": "same series"},
    ],
)
def test_a_phase_series_never_takes_the_place_of_the_magnitude(part, values, tmp_path):
    noise = tiny("sa")
    noise.pixels = np.random.default_rng(3).integers(0, 4000, noise.pixels.shape).astype(np.int16)
    image_type = ["ORIGINAL", "PRIMARY", part, "RETRO"]
    magnitude = {"SeriesInstanceUID": "2.25.9"} if "SeriesInstanceUID" in values else {}
    files = view_files(tiny("sa"), **magnitude) | {
        f"0{name}": data for name, data in view_files(noise, ImageType=image_type, **values).items()
    }
    study = read_study("1", [write_zip(tmp_path / "a.zip", files)], Limits())
    assert np.array_equal(study.series[0].pixels, tiny("sa").pixels)
    assert [(found.code, found.value) for found in study.findings] == [("not-magnitude", FRAMES * SLICES)]


def test_a_study_of_phase_images_alone_has_no_image(tmp_path):
    files = view_files(tiny("sa"), ImageType=["ORIGINAL", "PRIMARY", "P"])
    study = read_study("1", [write_zip(tmp_path / "a.zip", files)], Limits())
    assert not study.series
    assert codes(study.findings) == ["not-magnitude", "no-images"]
