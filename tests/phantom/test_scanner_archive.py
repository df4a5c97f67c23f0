import csv

import numpy as np
import pytest

from cmr_ssl.phantom.examination import SHORT_AXIS_FIELD, short_axis_cines
from cmr_ssl.phantom.scanner_archive import Archive, archive_bytes, archive_name, manifest_text, members
from tests.phantom.exams import EXAM, FRAMES, files, images, series


@pytest.fixture
def archive():
    return Archive(SHORT_AXIS_FIELD, short_axis_cines(series()))


def test_an_archive_is_flat_files_are_called_as_their_image_and_its_manifest_has_a_comma_too_many(archive):
    assert archive_name(EXAM, 20209) == "900000001_20209_2_0.zip"
    content = archive_bytes(EXAM, archive)
    *dicoms, manifest = files(content)
    assert manifest == "manifest.csv"
    assert dicoms == [f"{image.SOPInstanceUID}.dcm" for image in images(content)]
    assert len(set(dicoms)) == 3 * FRAMES
    assert {image.StudyInstanceUID for image in images(content)} == {EXAM.uid("study")}
    header, *rows = csv.reader(manifest_text(EXAM, archive).splitlines())
    assert header[5] == "series discription"
    assert len(rows) == 3 * FRAMES
    assert {len(row) - len(header) for row in rows} == {1}
    assert [*rows[0][3:5]] == ["Aug 30", " 2015"]
    assert rows[0][6] == "CINE_segmented_SAX_b1"


def test_all_pixels_come_back_and_the_same_archive_is_the_same_bytes(archive):
    read = images(archive_bytes(EXAM, archive))
    back = np.stack([image.pixel_array for image in read]).reshape(3, FRAMES, *read[0].pixel_array.shape)
    np.testing.assert_array_equal(back, np.moveaxis(series()[0].pixels, 1, 0))
    assert archive_bytes(EXAM, archive) == archive_bytes(EXAM, archive)
    assert archive_bytes(EXAM, archive) != archive_bytes(EXAM._replace(seed=8), archive)


def test_shuffled_members_are_the_same_members_in_another_order(archive):
    shuffled = archive._replace(order=1)
    assert members(shuffled) != members(archive)
    names = [list(files(archive_bytes(EXAM, one))) for one in (archive, shuffled)]
    assert names[0] != names[1]
    assert sorted(names[0]) == sorted(names[1])


def test_lost_frames_are_neither_filed_nor_listed(archive):
    first = archive.cines[0]._replace(lost=frozenset({1, 2}))
    lacking = archive._replace(cines=[first, *archive.cines[1:]])
    assert len(images(archive_bytes(EXAM, lacking))) == 3 * FRAMES - 2
    assert manifest_text(EXAM, lacking).count("\n") == 1 + 3 * FRAMES - 2


def test_a_torn_file_is_half_a_file_and_a_truncated_archive_the_beginning_of_the_whole_one(archive):
    whole = files(archive_bytes(EXAM, archive))
    torn = files(archive_bytes(EXAM, archive._replace(torn=("sa_2", 3))))
    (shorter,) = (name for name in whole if len(torn[name]) < len(whole[name]))
    assert len(torn[shorter]) == len(whole[shorter]) // 2
    whole, part = archive_bytes(EXAM, archive), archive_bytes(EXAM, archive._replace(kept=0.5))
    assert whole.startswith(part)
    assert len(part) == round(len(whole) / 2)


def test_series_are_numbered_in_time_and_share_their_images_numbers(archive):
    mixed = [cine._replace(series="all") if cine.name != "sa_1" else cine for cine in archive.cines]
    read = images(archive_bytes(EXAM, archive._replace(cines=mixed[::-1])))
    assert [image.SeriesNumber for image in read] == [1] * FRAMES + [2] * 2 * FRAMES
    assert [image.InstanceNumber for image in read[FRAMES:]] == list(range(1, 2 * FRAMES + 1))
