import numpy as np
import pytest

from cmr_ssl.inference import folder, label_maps
from cmr_ssl.pages import predictions
from cmr_ssl.pages.predictions import findings, half_widths, missing, numbers, read_predictions

NAMES = ("LVEDV (mL)", "LVEF (%)", "RVEDV (mL)")


def test_files_are_called_as_predict_calls_them():
    assert (predictions.TABLE, predictions.MADE_BY) == (folder.TABLE, folder.MADE_BY)
    assert {f"*/{predictions.STILL}", f"*/{predictions.BEATING}"} <= {*folder.OUTPUTS}
    files = {one.view: one.file for one in predictions.predicted_labels()}
    assert files == {view: f"seg6_{view}.nii.gz" for view in label_maps.VIEWS}


def test_what_could_not_be_told_is_taken_apart_at_the_names_of_columns_and_findings_at_their_severity():
    text = "LVEDV (mL), LVEF (%): the LV ends; so: it is unseen; RVEDV (mL): none"
    told = missing({"Not measurable": text}, NAMES)
    assert told == [("LVEDV (mL), LVEF (%)", "the LV ends; so: it is unseen"), ("RVEDV (mL)", "none")]
    assert missing({"Not measurable": "no short axis"}, NAMES) == [("", "no short axis")]
    assert missing({}, NAMES) == []
    row = {"findings": "noted: sa: a; b; repaired: la_2ch: moved; rejected: gone"}
    assert findings(row) == [("noted", "sa: a; b"), ("repaired", "la_2ch: moved"), ("rejected", "gone")]


def test_half_widths_of_intervals_are_no_values_of_their_own(tmp_path):
    (tmp_path / "phenotypes.csv").write_text(
        'subject,status,LVEF (%),LVM (g),"LVEF (%), 90 % within","LVM (g), 90 % within"\n1,predicted,61,90,4.5,\n'
    )
    read = read_predictions(tmp_path)
    assert read.names == ("LVEF (%)", "LVM (g)")
    widths = half_widths(read.rows["1"], read.names)
    np.testing.assert_equal(widths, {"LVEF (%)": 4.5, "LVM (g)": np.nan})


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [("phenotypes.csv", None, "name the folder given to"), ("phenotypes.csv", "id,x\n", "no column subject and status"),
     ("made_by.json", "{", "is damaged")],
)  # fmt: skip
def test_what_predict_did_not_write_is_refused_in_a_sentence(tmp_path, name, content, error):
    if content is not None:
        (tmp_path / "phenotypes.csv").write_text("subject,status\n")
        (tmp_path / name).write_text(content)
    with pytest.raises((ValueError, FileNotFoundError), match=error):
        read_predictions(tmp_path)
    with pytest.raises(ValueError, match="row of 900000001 holds no numbers"):
        numbers({"subject": "900000001", "LVEF (%)": "good"}, ("LVEF (%)",))
