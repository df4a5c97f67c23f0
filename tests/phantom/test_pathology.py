from typing import get_args

import pytest

from cmr_ssl.phantom.pathology import DISEASES, Pathology


def test_every_pathology_one_can_name_is_described_and_their_shares_add_up_to_all():
    assert sum(disease.share for disease in DISEASES.values()) == pytest.approx(1.0)
    assert set(DISEASES) == set(get_args(Pathology))
