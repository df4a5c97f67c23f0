import pandas as pd
import pytest

from experiments.real_hearts.cohort import fold_tables, of_each_diagnosis, read_patients
from experiments.real_hearts.settings import ALL

PATIENTS = pd.DataFrame({"subject": [f"patient{k:03}" for k in range(58)], "group": [f"G{k % 5}" for k in range(58)]})


def test_every_patient_is_tested_once_and_never_learnt_from_in_that_fold_and_folds_are_alike():
    tables = fold_tables(PATIENTS, 5, seed=0)
    tested = pd.concat([table[table["split"] == "test"]["subject"] for table in tables])
    assert sorted(tested) == sorted(PATIENTS["subject"])
    assert all(set(table["split"]) == {"train", "val", "test"} for table in tables)
    assert all(len(table) == len(set(table["subject"])) == 58 for table in tables)
    for table in tables:
        counts = table[table["split"] == "test"]["group"].value_counts()
        assert counts.sum() in (11, 12)
        assert counts.max() - counts.min() <= 1
        assert set(table[table["split"] == "val"]["group"]) == set(PATIENTS["group"])


def test_folds_are_the_same_for_the_same_seed_and_others_for_another():
    first, again, other = (fold_tables(PATIENTS.sample(frac=1), 5, seed)[0] for seed in (0, 0, 1))
    assert first["split"].tolist() == again["split"].tolist()
    assert first["split"].tolist() != other["split"].tolist()


def test_few_patients_are_as_many_of_each_diagnosis_and_another_draw_takes_others():
    table = PATIENTS.set_index("subject")
    chosen = of_each_diagnosis(table, 5, 0)
    assert (table.loc[chosen, "group"].value_counts() == 5).all()
    assert chosen != of_each_diagnosis(table, 5, 1)
    assert of_each_diagnosis(table, ALL, 0) == sorted(table.index)


def test_a_source_without_what_is_needed_is_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="no table at"):
        read_patients(tmp_path / "phenotypes.csv")
    (tmp_path / "phenotypes.csv").write_text("subject\n1\n")
    with pytest.raises(ValueError, match="has no column group"):
        read_patients(tmp_path / "phenotypes.csv")
    with pytest.raises(ValueError, match="too few for 5 folds"):
        fold_tables(PATIENTS[:9], 5, 0)
