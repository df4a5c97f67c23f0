import numpy as np

from cmr_ssl.measures import Value
from cmr_ssl.pages.subject import unmeasured, without_doubted
from cmr_ssl.volumes import measure
from tests.test_volumes import stack


def test_what_predict_believes_no_volume_of_is_not_measured_here_either():
    measured = measure({"sa": stack([(160, 10, 5), (80, 20, 2)])}, 60.0)
    assert without_doubted(measured, {"LVEDV (mL)": 160.0}).values["LVEF (%)"] == 50
    doubted = without_doubted(measured, {"LVEDV (mL)": np.nan})
    assert np.isnan(doubted.values["LVEF (%)"])
    assert "cannot be believed" in doubted.reasons["LVEF (%)"]


def test_measures_of_one_reason_are_told_together():
    lines = [Value("strain", str(one), "ES", np.nan, "%", "no wall") for one in (1, 2)]
    lines.append(Value("motion", "la_4ch", "ES", np.nan, "mm", "no wall"))
    ((names, why),) = unmeasured([*lines, Value("strain", "3", "ES", 1.0, "%")])
    assert names.startswith("strain, motion ")
    assert why == "no wall"
