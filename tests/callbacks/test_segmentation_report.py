from types import SimpleNamespace

import numpy as np
import pandas as pd

from cmr_ssl.callbacks import SegmentationReport
from cmr_ssl.overlap import Score


def test_what_cannot_be_measured_leaves_a_table_that_can_be_read(tmp_path, capsys):
    report = SegmentationReport()
    report.scores = [Score("900000001", "sa", 0, 0, "ED", "LV", 0.0, np.nan, np.nan, True)]
    report.volumes = [{"subject": "900000001", "predicted LVEDV (mL)": np.nan, "true LVEDV (mL)": 100.0}]
    report.on_test_end(SimpleNamespace(is_global_zero=True, default_root_dir=str(tmp_path)), None)
    assert pd.read_csv(tmp_path / "test" / "agreement.csv").set_index("target").empty
    assert "Tables" in capsys.readouterr().out
