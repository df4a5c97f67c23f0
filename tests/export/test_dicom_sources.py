import numpy as np
import pytest

from cmr_ssl.export.dicom_sources import read_headers, sources_of
from cmr_ssl.planes import SHORT_AXIS
from tests.dicoms import FRAMES, SLICES, tiny, unpacked, view_files


@pytest.fixture
def folder(tmp_path):
    return unpacked(tmp_path, view_files(tiny(SHORT_AXIS)) | {"notes.txt": b"no DICOM"})


def shape_of(series):
    return series.pixels.shape[::-1]


def test_every_slice_finds_its_images_in_the_order_of_the_beat(folder):
    series = tiny(SHORT_AXIS)
    found = sources_of(read_headers(folder), series.affine, shape_of(series), "sa")
    assert [len(images) for images in found] == [FRAMES] * SLICES
    for index, images in enumerate(found):
        assert {image.SeriesDescription for image in images} == {f"CINE_segmented_SAX_b{index + 1}"}
        assert [int(image.InstanceNumber) for image in images] == [*range(1, FRAMES + 1)]


@pytest.mark.parametrize("moved", [np.diag([1, 1, 1, 1.0]) + 2 * np.eye(4, k=3), np.diag([1, -1, 1, 1.0])])
def test_images_that_lie_elsewhere_are_not_those(folder, moved):
    series = tiny(SHORT_AXIS)
    with pytest.raises(ValueError, match="sa, slice 0: 0 series have 8 images where it lies"):
        sources_of(read_headers(folder), moved @ series.affine, shape_of(series), "sa")


def test_two_studies_and_a_folder_without_images_are_said(folder, tmp_path):
    empty = tmp_path / "none"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match="holds no DICOM image"):
        read_headers(empty)
    unpacked(folder, view_files(tiny("la_2ch"), StudyInstanceUID="1.2.3"))
    with pytest.raises(ValueError, match="holds images of 2 studies"):
        read_headers(folder)


def test_a_scanner_s_own_analysis_is_not_what_was_drawn_on(folder):
    series = tiny(SHORT_AXIS)
    unpacked(folder, view_files(series, time="130000", ImageType=["DERIVED", "PRIMARY", "M"]))
    found = sources_of(read_headers(folder), series.affine, shape_of(series), "sa")
    assert {image.AcquisitionTime for images in found for image in images} == {"120000"}
