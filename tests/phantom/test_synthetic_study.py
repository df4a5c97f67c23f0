import numpy as np
import pytest

import cmr_ssl
from cmr_ssl.cli import main


def test_a_study_is_the_one_that_the_command_writes(tmp_path):
    assert main(["phantom", "--out", str(tmp_path), "--subjects", "2", "--preset", "small", "--seed", "5"]) == 0
    made, read = cmr_ssl.phantom(seed=5, subject=2, preset="small"), cmr_ssl.read(tmp_path / "900000002")
    assert made.subject == read.subject
    for one, other in zip(made.series, read.series, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_allclose(one.affine, other.affine, atol=1e-4)
        assert one.frame_ms == pytest.approx(other.frame_ms, rel=1e-5)
        assert (one.view, one.annotated) == (other.view, other.annotated)


def test_a_subject_that_there_cannot_be_is_refused():
    with pytest.raises(ValueError, match="subjects count from 1"):
        cmr_ssl.phantom(subject=0)


@pytest.mark.parametrize("option", ["preset", "faults", "pathology"])
def test_what_no_phantom_is_is_refused_with_what_there_is(option):
    with pytest.raises(ValueError, match="no phantom is 'tiny': choose one of"):
        cmr_ssl.phantom(**{option: "tiny"})
