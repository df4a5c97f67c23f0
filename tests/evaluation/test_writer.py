import pandas as pd

from cmr_ssl.evaluation.evaluated import Evaluated
from cmr_ssl.evaluation.paired_values import PairedValues
from cmr_ssl.evaluation.writer import write_evaluation

WHOLE = {"subject": "1", "view": "sa", "frame": 0, "phase": "ED", "structure": "LV", "dice": 0.9, "hd95_mm": 1.0}
SCORES = pd.DataFrame([WHOLE | {"assd_mm": 1.0, "missed": False}])


def test_tables_of_an_earlier_evaluation_do_not_stay_beside_those_of_this_one(tmp_path):
    values = PairedValues(*(pd.DataFrame({"LVEF (%)": [50.0, 60]}, ["1", "2"]) for _ in range(2)), pd.DataFrame(), [])
    groups = pd.DataFrame({"Sex": ["women", "men"]}, ["1", "2"])
    assert write_evaluation(tmp_path, Evaluated(values, SCORES, SCORES), groups, 3)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("agreement.csv", "subjects.csv", "set_aside.csv", "evaluation.md", "groups.csv"),
        *("overlap.csv", "plane_overlap.csv", "views.csv", "planes.csv"),
    }
    assert not write_evaluation(tmp_path, Evaluated(values, SCORES[:0], SCORES[:0]), None, 3)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("agreement.csv", "subjects.csv", "set_aside.csv", "evaluation.md"),
    }
