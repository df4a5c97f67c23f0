import nibabel as nib
import numpy as np

from cmr_ssl.inference.outputs import Prediction, SyntheticPlane


def test_a_plane_is_written_where_it_lies_and_says_what_it_is(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (4, 5, 6), np.uint8)
    affine = np.array([[0, 2.0, 0, 7], [-2.0, 0, 0, 8], [0, 0, 6.0, 9], [0, 0, 0, 1]])
    SyntheticPlane(images, affine, 50.0, "synthesised, not acquired").save(tmp_path / "plane.nii.gz")
    written = nib.load(tmp_path / "plane.nii.gz")
    np.testing.assert_array_equal(written.get_fdata()[3, 2, 0], images[:, 2, 3])
    np.testing.assert_allclose(written.affine, affine)
    assert written.header["descrip"].item() == b"synthesised, not acquired"


def test_a_prediction_shows_its_numbers_or_why_there_are_none():
    values = {"LVEF (%)": 61.26}
    assert repr(Prediction("7", values, "", [], {})) == "Prediction of 7: LVEF (%) 61.26"
    assert repr(Prediction("7", values, "", [], {"LVEF (%)": 4.321})) == "Prediction of 7: LVEF (%) 61.26 +- 4.3"
    assert repr(Prediction("7", values, "no short axis", [], {})) == "Prediction of 7: no short axis"
