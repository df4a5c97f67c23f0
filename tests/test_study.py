import numpy as np
import pytest

from cmr_ssl.study import Finding, check_study
from tests import studies


def test_a_study_describes_itself_and_a_copy_leaves_it_alone():
    study = studies.study(("sa", "la_4ch"), frames=8)
    study.findings.append(Finding("blank", "repaired", "sa", "one frame"))
    assert repr(study).splitlines()[-1] == "  repaired: sa: one frame"
    assert "la_4ch: 8 frames, 64 x 72" in repr(study)
    assert study.times_ms["sa"].tolist() == [60.0 * frame for frame in range(8)]
    assert study.labels == {}
    other, before = study.copy(), study.images["sa"].copy()
    other.series[0].pixels[:] = 0
    other.series[0].acquired[:] = False
    other.findings.clear()
    np.testing.assert_array_equal(study.images["sa"], before)
    assert study.series[0].acquired.all()
    assert len(study.findings) == 1


def test_what_is_no_study_is_refused():
    with pytest.raises(TypeError, match=r"one study is wanted, .* not a list"):
        check_study([studies.study(("sa",))])
