import gzip

import numpy as np
import pandas as pd
import pytest

from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.commands.cohort import cohort
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.planes import LONG_AXIS
from tests.caches import write_cache

AGAIN = "900000081_3"
SUBJECTS = ["900000080", "900000081", AGAIN, "900000082", "900000083", "900000084"]
TABLE = pd.DataFrame(
    {
        "f.eid": [900000080, 900000081, 900000082, 900000083],
        "f.31.0.0": [0, 1, 0, 1],
        "f.21003.0.0": [50, 51, 52, 53],
        "f.21003.2.0": [60, 61, -3, 63],
        "f.21003.3.0": ["", 64, "", ""],
        "f.24103.2.0": [60.5, 61.5, "", -7],
        "f.24103.3.0": ["", 55.5, "", ""],
        "f.845.2.0": [16, -1, 18, 19],
        "f.9999.2.0": ["text", "", "", ""],
    }
)


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    cache = tmp_path_factory.mktemp("visits") / "cache"
    return write_cache(cache, {subject: (5, LONG_AXIS) for subject in SUBJECTS}, s900000083={"status": "rejected"})


@pytest.fixture
def table(tmp_path):
    TABLE.to_csv(tmp_path / "ukb_main.tab", sep="\t", index=False)
    return tmp_path / "ukb_main.tab"


def joined(visits, table, **options):
    out = table.parent / "cohort.parquet"
    assert cohort(visits, table, out, **options) == 0
    return pd.read_parquet(out).set_index("subject")


def test_each_visit_gets_its_own_values_and_codes_are_no_numbers(visits, table):
    read = joined(visits, table)
    assert list(read.index) == SUBJECTS
    np.testing.assert_array_equal(read["LVEF (%)"], [60.5, 61.5, 55.5, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(read["Age"], [60, 61, 64, np.nan, 63, np.nan])
    np.testing.assert_array_equal(read["Sex"], [0, 1, 1, 0, 1, np.nan])
    assert list(read["in_table"]) == [True] * 5 + [False]
    assert list(read["visit"]) == [2, 2, 3, 2, 2, 2]
    assert read.loc[AGAIN, "person"] == "900000081"


def test_further_columns_are_read_by_their_field_and_the_joined_table_still_is_a_cohort_table(visits, table):
    read = joined(visits, table, columns=["845"])
    np.testing.assert_array_equal(read["845"], [16, np.nan, np.nan, 18, 19, np.nan])
    with pytest.raises(ValueError, match="no column of the table holds 'Ecc'"):
        joined(visits, table, columns=["Ecc"])
    read = joined(visits, table).reset_index()
    prepared = read_cohort(visits)
    pd.testing.assert_frame_equal(read[list(prepared.columns)], prepared)


def test_visits_and_relatives_never_cross_a_split(visits, table):
    alone = joined(visits, table)["split"]
    assert alone[AGAIN] == alone["900000081"]
    assert alone["900000080"] != alone["900000082"]  # the hash puts 900000082 into val
    (table.parent / "kin.dat").write_text("ID1 ID2\n900000082 900000080\n900000081 900000082\n")
    related = joined(visits, table, relatives=table.parent / "kin.dat")["split"]
    assert set(related[["900000080", "900000081", AGAIN, "900000082"]]) == {alone["900000080"]}
    assert related["900000083"] == alone["900000083"]


def test_the_split_is_that_of_training_and_training_takes_the_table_s(visits, table):
    read = joined(visits, table)
    out = table.parent / "cohort.parquet"
    flipped = read.reset_index().assign(split=lambda rows: rows["split"].map({"train": "val", "val": "train"}))
    flipped.to_parquet(table.parent / "flipped.parquet")

    def split(**options):
        module = CineDataModule(visits, {"sa": 5}, batch_size=1, **options)
        module.setup("predict")
        return module.subjects

    hashed = split()
    assert hashed == split(table=out, split_column="split")
    other = split(table=table.parent / "flipped.parquet", split_column="split")
    assert (hashed["train"], hashed["val"]) == (other["val"], other["train"])
    assert hashed["val"] == ["900000082"]


@pytest.mark.parametrize("form", ["tab.gz", "csv", "parquet", "rap", "labels"])
def test_every_form_of_table_gives_the_same(visits, table, form):
    expected = joined(visits, table)
    path = table.parent / f"other.{form}"
    if form == "tab.gz":
        path.write_bytes(gzip.compress(table.read_bytes()))
    elif form == "parquet":
        TABLE.astype(str).to_parquet(path)
    elif form == "csv":
        named = TABLE.rename(columns={"f.eid": "eid"})
        named.rename(columns=lambda name: name.removeprefix("f.").replace(".", "-", 1)).to_csv(path, index=False)
    elif form == "rap":
        names = {name: "participant.p" + name.split(".")[1] + "_i" + name.split(".")[2] for name in TABLE.columns[1:]}
        names |= {"f.eid": "participant.eid", "f.31.0.0": "participant.p31"}
        TABLE.rename(columns=names).to_csv(path, index=False)
    else:
        titles = {"f.21003": "Age when attended assessment centre", "f.24103": "LV ejection fraction"}
        names = {f"{key}.{k}.0": f"{title} | Instance {k}" for key, title in titles.items() for k in (0, 2, 3)}
        rows = TABLE.rename(columns=names | {"f.eid": "Participant ID", "f.31.0.0": "Sex"})
        rows["Sex"] = rows["Sex"].map({0: "Female", 1: "Male"})
        rows.to_csv(path, index=False)
    pd.testing.assert_frame_equal(joined(visits, path), expected)


def test_a_table_of_other_people_is_refused(visits, table):
    TABLE.assign(**{"f.eid": range(4)}).to_csv(table, sep="\t", index=False)
    with pytest.raises(ValueError, match="none of the 5 subjects"):
        joined(visits, table)


def test_a_table_that_knows_nothing_of_the_field_still_gives_splits(visits, table):
    TABLE[["f.eid", "f.9999.2.0"]].to_csv(table, sep="\t", index=False)
    read = joined(visits, table)
    assert list(read["in_table"]) == [True] * 5 + [False]
    assert "LVEF (%)" not in read


def people(folder, *subjects):
    return write_cache(folder / "people", {subject: (5, LONG_AXIS) for subject in subjects})


def values_of(cache, folder, text, name="LVEF (%)", **options):
    (folder / "t.csv").write_text(text)
    return joined(cache, folder / "t.csv", **options)[name].tolist()


def test_ids_without_their_zeros_are_found_and_said(tmp_path, caplog):
    cache = people(tmp_path, "0050772", "0050773", "1050774")
    assert values_of(cache, tmp_path, "eid,LVEF (%)\n50772,50\n50773,60\n1050774,55\n") == [50, 60, 55]
    assert "2 of 3 subjects were found in" in caplog.text
    with pytest.raises(ValueError, match=r"'1.05E\+06', an id that a spreadsheet rounded; it may be '1050774'"):
        values_of(cache, tmp_path, "eid,LVEF (%)\n50772,50\n50773,60\n1.05E+06,55\n")
    again = people(tmp_path / "again", "0050772", "50772")
    with pytest.raises(ValueError, match=r"column 'eid' of .* has '50772' for '0050772' and '50772'"):
        values_of(again, tmp_path, "eid,LVEF (%)\n50772,50\n")


def test_relatives_without_their_zeros_are_relatives(tmp_path):
    cache = people(tmp_path, "0050772", "1050774")
    (tmp_path / "t.csv").write_text("eid,Age\n50772,50\n1050774,60\n")
    (tmp_path / "kin.dat").write_text("ID1 ID2\n50772 1050774\n")
    splits = [
        joined(cache, tmp_path / "t.csv", relatives=tmp_path / "kin.dat", fractions=(share, 1 - share, 0.0))["split"]
        for share in (0.1, 0.3, 0.5, 0.7, 0.9)
    ]
    assert all(split.nunique() == 1 for split in splits)
