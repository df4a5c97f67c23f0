import numpy as np
import pandas as pd

from cmr_ssl.cli import main
from cmr_ssl.tables import Category, Day, Fields, Number
from cmr_ssl.tables.cohort_fields import field_columns
from cmr_ssl.tables.field_reader import read_days, read_fields
from tests.caches import COHORT

FIELDS = Fields(
    numbers=[Number("Waist (cm)", ukb=48)],
    categories=[Category("Smoking", ukb=20116, classes=["0", "1"], unknown=[-3])],
    days=[Day("Imaged", ukb=53), Day("Ill")],
)
HEADER = "eid,48-2.0,48-3.0,20116-2.0,20116-3.0,53-2.0,53-3.0,Ill"


def test_every_subject_has_the_fields_of_the_own_visit(tmp_path):
    (tmp_path / "t.csv").write_text(f"{HEADER}\n1000001,80,81,1,-3,2015-01-01,2019-01-01,1901-01-01\n")
    found = field_columns(tmp_path / "t.csv", FIELDS, ["1000001_3", "1000001"])
    assert list(found["Waist (cm)"]) == [81, 80]
    assert list(found["Imaged"]) == ["2019-01-01", "2015-01-01"]
    assert list(found["Smoking"].isna()) == [True, False]
    assert found["Smoking"].iloc[1] == "1"
    assert (found["Ill"] == "1900-01-01").all()  # not known when, which is not never


def test_the_command_writes_them_and_they_are_read_again_as_they_were(cache, tmp_path):
    subjects = list(COHORT)
    table, out, fields = tmp_path / "t.csv", tmp_path / "cohort.parquet", tmp_path / "fields.yaml"
    rows = [f"{one},{80 + index},{index % 2},2015-01-{index + 1:02d}," for index, one in enumerate(subjects)]
    table.write_text("\n".join(["eid,Waist (cm),Smoking,Imaged,Ill", *rows]) + "\n")
    described = ["numbers: [{name: Waist (cm)}]", "categories: [{name: Smoking, classes: [0, 1]}]"]
    fields.write_text("\n".join([*described, "days: [{name: Imaged}, {name: Ill}]"]))
    asked = ["cohort", "--cache", cache, "--table", table, "--out", out, "--fields", fields]
    assert main(list(map(str, asked))) == 0
    assert {"Waist (cm)", "Smoking", "Imaged", "Ill", "split"} <= {*pd.read_parquet(out).columns}
    for how, what in ((read_fields, FIELDS), (read_days, FIELDS.days)):
        before, after = how(table, what, subjects), how(out, what, subjects)
        np.testing.assert_array_equal(after, before)
