import numpy as np
import pandas as pd

from cmr_ssl.inspection.calibration import calibrate
from cmr_ssl.inspection.inspector import print_worst
from tests.inspection.test_calibration import many


def test_the_worst_planes_are_shown_first(capsys):
    table = pd.DataFrame(
        {"subject": ["a"] * 30, "plane": [f"sa {k}" for k in range(30)], "flaw_score": [*range(29), np.nan]}
    ).assign(suspect=lambda found: found["flaw_score"] > 4, why="", problem="")
    print_worst(table, calibrate(many(), ""))
    said = capsys.readouterr().out
    assert "24 of 30 planes look wrong" in said
    assert said.index("sa 28") < said.index("sa 27")
    assert "sa 29" not in said
    assert "sa 4 " not in said
