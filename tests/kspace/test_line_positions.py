import pytest

from cmr_ssl.kspace import LinePositions
from tests.kspace.tiny_lines import lines_of
from tests.tiny import tiny_batch


def test_lines_of_a_plane_differ_by_k_y_and_those_of_one_k_y_by_plane_and_time():
    where = lines_of(tiny_batch(1)).where
    told = LinePositions().embedding(16)[0](where)[0].flatten(0, -2)
    assert len(told.unique(dim=0)) == len(told)


@pytest.mark.parametrize("wrong", [{"wavelengths": 0}, {"line_wavelengths": 0}, {"shortest_mm": 600.0}])
def test_what_encodes_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="must be at least 1 and shortest_mm"):
        LinePositions(**wrong)
