import numpy as np
import pandas as pd
import pytest

from cmr_ssl.pages.percentiles import Person, Reference, body_surface, read_reference, standing, with_values

EDV = "LVEDV (mL)"


def cohort(count=400):
    """Return people whose volume is their age, women 100 mL below men."""
    sex = np.arange(count) % 2
    age = 40.0 + np.arange(count) // 2 % 40
    persons = pd.DataFrame({"Sex": sex, "Age": age}, index=[str(one) for one in range(count)])
    return Reference(persons, pd.DataFrame({EDV: age + 100 * sex}, index=persons.index), "here")


def test_a_value_is_compared_with_the_same_sex_at_about_the_same_age():
    told = cohort().standing("somebody", EDV, 60.0, Person(sex=0, age=60))
    assert told.peers == "120 women aged 48 to 72"
    assert told.median == 60
    assert told.percentile == pytest.approx(50, abs=1)
    assert cohort().standing("somebody", EDV, 160.0, Person(sex=1, age=60)).percentile == pytest.approx(50, abs=1)
    assert cohort().standing("somebody", EDV, 160.0, Person(sex=0, age=60)).percentile == 100


def test_nobody_is_among_his_own_peers_of_whom_too_few_tell_nothing():
    reference = cohort(82)  # of 41 women, 40 remain
    assert reference.standing("0", EDV, 50.0, Person(sex=0)).peers == "40 women of any age"
    assert cohort(80).standing("0", EDV, 50.0, Person(sex=0)) is None
    assert cohort(60).standing("x", EDV, 50.0, Person(sex=0)) is None
    assert cohort().standing("x", EDV, np.nan, Person(sex=0)) is None
    assert cohort().standing("x", "LVM (g)", 50.0, Person(sex=0)) is None


def test_robust_distance_is_that_in_standard_deviations_of_normal_values():
    peers = np.random.default_rng(0).normal(100, 10, 20_000)
    told = standing(130.0, peers, "")
    assert told.z == pytest.approx(3, abs=0.1)
    assert (told.low, told.high) == pytest.approx((80.4, 119.6), abs=0.8)


def test_a_table_in_any_spelling_tells_sex_age_surface_and_truth(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("eid,31-0.0,21003-2.0,Height (cm),weight,lvedv\n900000001,0,61,180,80,141\n900000002,1,70,,,\n")
    reference = read_reference(path, ["900000001", "900000001_3"])
    assert reference.person("900000001") == pytest.approx(Person(0, 61, 2.0))
    assert np.isnan(reference.person("900000002").bsa)
    assert np.isnan(reference.person("900000007").age)
    assert reference.value("900000001", EDV) == 141
    assert reference.value("900000001_3", EDV) == 141  # a later visit is of the same person
    path.write_text("eid,Sex\n900000001,0\n900000001,1\n")
    with pytest.raises(ValueError, match="several rows of subject 900000001"):
        read_reference(path, ["900000001"])


def test_without_values_of_its_own_a_table_takes_those_of_the_cohort():
    persons = pd.DataFrame({"Sex": [0.0, 1.0]}, index=["a", "b"])
    predictions = pd.DataFrame({EDV: [1.0, 2.0, 3.0]}, index=["b", "a", "c"])
    reference = with_values(Reference(persons, pd.DataFrame(index=persons.index), ""), predictions)
    assert reference.person("b").sex == 1
    assert np.isnan(reference.person("c").sex)
    assert "these predictions, 3 subjects" in reference.source


def test_body_surface_is_the_tables_or_mostellers():
    assert body_surface({"BSA (m2)": 1.9, "Height (cm)": 170.0, "Weight (kg)": 70.0}) == 1.9
    assert body_surface({"Height (cm)": 180.0, "Weight (kg)": 80.0}) == pytest.approx(2.0)
    assert np.isnan(body_surface({"Height (cm)": 180.0}))
