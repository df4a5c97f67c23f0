import gzip

import nibabel as nib
import numpy as np
import pytest

from cmr_ssl.anatomy import LABEL_FILES
from cmr_ssl.phantom.series_files import FIELD_LABELS, nifti_bytes, write_series


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("files")
    for item in study.series:
        write_series(path, item, 61.5)
    return path


def test_a_file_says_where_and_when_it_was_taken_and_voxels_come_back_where_they_were(folder, study):
    for item in study.series:
        image = nib.load(folder / f"{item.plan.view}.nii.gz")
        np.testing.assert_array_equal(np.asarray(image.dataobj), item.pixels.T)
        assert image.shape == (*item.plan.shape, 16)
        assert image.get_data_dtype() == np.int16
        np.testing.assert_allclose(image.affine, item.plan.affine, atol=1e-3)
        assert int(image.header["sform_code"]) == 1
        assert image.header.get_xyzt_units() == ("mm", "sec")
        assert image.header.get_zooms()[3] == pytest.approx(0.0615)


def test_the_fields_label_files_number_the_same_classes_as_the_project_reads(folder, study):
    for item in study.series:
        for stem in FIELD_LABELS[item.plan.view]:
            view, numbering = LABEL_FILES[stem]
            written = np.asarray(nib.load(folder / f"{stem}.nii.gz").dataobj).T
            assert view == item.plan.view
            assert set(np.unique(written)) - {0} == set(numbering)
            for value, label in numbering.items():
                np.testing.assert_array_equal(written == value, item.labels == label)


def test_the_same_data_give_the_same_bytes_without_a_time_stamp():
    data = np.arange(24, dtype=np.int16).reshape(1, 2, 3, 4)
    content = nifti_bytes(data, np.eye(4), 20.0)
    assert content == nifti_bytes(data, np.eye(4), 20.0)
    assert content[4:8] == bytes(4)
    assert len(gzip.decompress(content)) == 352 + data.nbytes
