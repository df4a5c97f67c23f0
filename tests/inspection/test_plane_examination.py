import numpy as np
import pytest
import torch

from cmr_ssl.inspection.plane_examination import examine_heart
from tests.tiny import tiny_batch, tiny_task


def test_a_heart_is_examined_plane_by_plane_and_errors_are_relative_to_its_own():
    batch = tiny_batch(subjects=1)
    with torch.inference_mode():
        found = examine_heart(tiny_task(), batch, 8.0)
        assert examine_heart(tiny_task(), batch._replace(present=batch.present & False), 8.0) == []
    assert [one.kind for one in found] == ["la_2ch", "la_3ch", "la_4ch", "base", "mid", "mid", "apex"]
    assert np.median([one.measures["error"] for one in found]) == pytest.approx(0)
    for one in found:
        assert np.isnan(one.measures["shift"]) == (one.displacement is None) == (one.view != "sa")
        assert np.isnan(one.measures["view"]) == (one.mistaken is None) == (one.view == "sa")
