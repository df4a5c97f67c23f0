from typing import get_args

from cmr_ssl.phantom.cohort_spec import PRESETS, FaultsName, PresetName
from cmr_ssl.phantom.faults import RATES


def test_every_name_one_can_ask_for_exists():
    assert set(PRESETS) == set(get_args(PresetName))
    assert set(RATES) == set(get_args(FaultsName))
