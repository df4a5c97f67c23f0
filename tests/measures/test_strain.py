import numpy as np
import pytest

from cmr_ssl.measures.levels import rings_at
from cmr_ssl.measures.strain import strain_values
from tests.measures.drawings import cylinder


def by_name(stack):
    return {one[:2]: one for one in strain_values(rings_at(stack, 0), rings_at(stack, 1))}


def test_strains_of_a_cylinder_by_hand():
    rows = by_name(cylinder())  # radii 25 and 34 mm at ED, 18 and 31 mm at ES
    for level in ("basal", "mid", "apical", "global"):
        assert rows["circumferential strain, endocardial", level].value == pytest.approx(100 * (18 / 25 - 1), abs=0.4)
        assert rows["circumferential strain, mid-wall", level].value == pytest.approx(100 * (24.5 / 29.5 - 1), abs=0.4)
        assert rows["radial strain", level].value == pytest.approx(100 * (13 / 9 - 1), abs=1.0)


def test_slices_that_have_left_the_ventricle_at_es_are_left_out():
    stack = cylinder()
    stack.labels[1, 6:] = 0
    rows = by_name(stack)
    assert np.isnan(rows["radial strain", "basal"].value)
    assert "basal" in rows["radial strain", "basal"].reason
    assert rows["radial strain", "global"].value == pytest.approx(100 * (13 / 9 - 1), abs=1.0)
