import nibabel as nib
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cmr_ssl.anatomy import LV, MYOCARDIUM, UNLABELLED
from cmr_ssl.cli import main
from cmr_ssl.dicom.contours import filled
from cmr_ssl.dicom.ukb_zips import UkbZips
from cmr_ssl.phantom.archive_faults import add_inline
from cmr_ssl.phantom.dicom import contours
from cmr_ssl.phantom.examination import Exam, PhantomCine
from cmr_ssl.phantom.scanner_archive import Archive, archive_bytes, archive_name
from cmr_ssl.sources import LabelFile, NiftiFiles, NiftiFolder
from tests.phantom.exams import EXAM

SHAPE = (8, 40, 48)  # frames, rows, columns
ROWS, COLUMNS = np.mgrid[: SHAPE[1], : SHAPE[2]]
TURNED = Rotation.from_euler("xyz", [15.0, 25.0, 35.0], degrees=True).as_matrix()
NOTHING = (0, 1)  # slice and frame without a ventricle


def ventricle(inner, outer, at=(18, 22)):
    """Return a cavity within a wall, (Y, X)."""
    distance = np.hypot(ROWS - at[0], 1.2 * (COLUMNS - at[1]))
    return np.select([distance <= inner, distance <= outer], [LV, MYOCARDIUM], 0).astype(np.uint8)


@pytest.mark.parametrize(("inner", "outer"), [(3.2, 8.0), (7.5, 12.0), (11.0, 15.5)])
def test_what_contours_enclose_is_what_they_were_drawn_around(inner, outer):
    labels = ventricle(inner, outer)
    np.testing.assert_array_equal(filled(contours(labels)), labels)


@pytest.mark.parametrize("outlines", [np.zeros((9, 9), bool), contours(ventricle(6.0, 6.0)), np.eye(9, dtype=bool)])
def test_fewer_than_two_outlines_enclose_nothing_known(outlines):
    assert filled(outlines) is None


def cine(index):
    """Return a slice of a beating ventricle; its affine has columns and rows that are not interchangeable."""
    labels = np.stack([ventricle(9.0 - abs(4 - frame) / 2 - index, 13.5 - index) for frame in range(SHAPE[0])])
    if index == NOTHING[0]:
        labels[NOTHING[1]] = 0
    affine = np.eye(4)
    affine[:3, :3] = TURNED @ [[0.0, -2.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    affine[:3, 3] = TURNED @ [10.0, -20.0, 30.0 - 10.0 * index]
    pixels = (np.array([10, 210, 110])[labels] + np.arange(SHAPE[0])[:, None, None]).astype(np.int16)  # blood is bright
    name = f"CINE_segmented_SAX_b{index + 1}"
    return PhantomCine(f"sa_{index}", name, name, 30.0 * index, affine, 8.0, pixels, labels)


@pytest.fixture(scope="module")
def truth():
    return np.stack([cine(index).labels for index in range(3)], axis=1).T


@pytest.fixture(scope="module")
def zips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zips")
    clean = Archive(20209, [cine(index) for index in range(3)])
    struck = add_inline(np.random.default_rng(0), clean).archive
    other = Exam(7, "900000002", *EXAM[2:])
    (folder / archive_name(EXAM, 20209)).write_bytes(archive_bytes(EXAM, struck))
    (folder / archive_name(other, 20209)).write_bytes(archive_bytes(other, clean))
    return folder


@pytest.mark.parametrize("overlays", [True, False])
def test_contours_become_labels_if_they_are_asked_for(zips, truth, overlays):
    study = UkbZips(zips, (zips,), overlays=overlays).read("900000001")
    (series,) = study.series
    assert [found.value for found in study.findings if found.code == "weak-labels"] == ([23] if overlays else [])
    if not overlays:
        assert series.labels is None
        return
    assert series.annotated == (LV, MYOCARDIUM)
    drawn = series.labels != UNLABELLED
    expected = np.ones((3, SHAPE[0]), bool)
    expected[NOTHING] = False
    np.testing.assert_array_equal(drawn.any(axis=(0, 1)), expected)
    np.testing.assert_array_equal(series.labels[drawn], truth[drawn])


def test_labels_are_written_beside_the_images_and_read_by_a_mapping(zips, truth, tmp_path):
    arguments = ["import-ukb", "--zips", str(zips), "--out", str(tmp_path)]
    assert main([*arguments, "--overlays"]) == 0
    image, weak = (nib.load(tmp_path / "900000001" / f"{name}.nii.gz") for name in ("sa", "weak_sa"))
    assert weak.shape == image.shape
    np.testing.assert_array_equal(weak.affine, image.affine)
    assert not (tmp_path / "900000002" / "weak_sa.nii.gz").exists()
    files = NiftiFiles(labels=[LabelFile("sa", "weak_sa.nii.gz", {1: "LV", 2: "myocardium"})])
    study = NiftiFolder(tmp_path, files).read("900000001")
    (series,) = study.series
    assert not study.findings
    drawn = series.labels != UNLABELLED
    assert drawn.mean() > 0.9
    np.testing.assert_array_equal(series.labels[drawn], truth[drawn])
    assert main(arguments) == 0
    assert not (tmp_path / "900000001" / "weak_sa.nii.gz").exists()
