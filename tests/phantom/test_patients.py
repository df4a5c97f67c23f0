from datetime import date

import numpy as np
import pandas as pd
import pytest

from cmr_ssl.phantom.cohort_spec import CohortSpec
from cmr_ssl.phantom.follow_up import DIED, END, IMAGED, LOST, OUTCOME, SCALE_YEARS, SHAPE, describe
from cmr_ssl.phantom.patient import draw_patient
from cmr_ssl.phantom.patients import patient_table_row
from cmr_ssl.phantom.person import draw_person
from cmr_ssl.phantom.unknown_values import BLOOD, CODES, ELECTROCARDIOGRAM

ORDER = CohortSpec(11, "small", "mixed", "none")
COUNT = 600


@pytest.fixture(scope="module")
def patients():
    return [patient_table_row(ORDER, index) for index in range(1, COUNT + 1)]


@pytest.fixture(scope="module")
def table(patients):
    return pd.DataFrame(patients).replace("", np.nan)


def test_hearts_are_what_they_were_before_they_had_patients(patients):
    volumes = draw_person(11, 1, "mixed").volumes
    assert (volumes.lvedv, volumes.lvesv, volumes.lvm) == pytest.approx((136.5870, 83.9386, 90.0688), abs=1e-4)


def test_a_patient_depends_on_seed_and_number_alone(patients):
    assert patient_table_row(ORDER, 5) == patients[4]
    assert patient_table_row(ORDER._replace(seed=12), 5) != patients[4]
    assert patient_table_row(ORDER._replace(preset="full", faults="default"), 5) == patients[4]


def test_a_table_has_about_forty_fields_that_vary(table):
    fields = list(table.columns)[: list(table.columns).index(IMAGED)]
    assert len(fields) >= 40
    assert (table[fields].nunique() > 1).all()


def test_what_is_measured_together_is_missing_together(table):
    blood = table[list(BLOOD)].drop(columns=["Lipoprotein(a) (nmol/L)", "HDL (mmol/L)", "Glucose (mmol/L)"]).isna()
    assert (blood.all(axis=1) == blood.any(axis=1)).all()
    assert 0.02 < blood.all(axis=1).mean() < 0.12
    assert 0.08 < table[ELECTROCARDIOGRAM[2]].isna().mean() < 0.22
    assert table["Pack years"].isna()[table["Smoking status"] == 0].all()


def test_some_answers_are_codes(table):
    assert sum(((table[name] < 0) & (table[name] != -2)).sum() for name in CODES) > 10


def test_hearts_and_tables_tell_of_each_other(table):
    drawn = [draw_patient(np.random.default_rng(0), draw_person(11, index, "mixed")) for index in range(1, COUNT + 1)]
    load, atrium = np.array([one.load for one in drawn]), np.array([one.atrium for one in drawn])
    assert table["Systolic pressure (mmHg)"].corr(pd.Series(load)) > 0.35
    assert table["P duration (ms)"].corr(pd.Series(atrium)) > 0.3
    assert abs(table["Platelets (10^9/L)"].corr(pd.Series(load))) < 0.15


def test_who_had_heart_failure_before_imaging_has_an_earlier_date(table):
    early = table[OUTCOME] < table[IMAGED]
    assert (early == (table["Heart failure"] == 1)).all()
    assert table[[OUTCOME, DIED, LOST]].max().max() <= str(END)


def test_heart_failure_follows_the_stated_hazard(table):
    """Events minus cumulative hazards have the mean zero and the variance of the cumulative hazards."""
    at_risk = table[table["Heart failure"] == 0]
    ends = at_risk[[OUTCOME, DIED, LOST]].assign(end=str(END)).min(axis=1)
    days = [(date.fromisoformat(b) - date.fromisoformat(a)).days for a, b in zip(at_risk[IMAGED], ends, strict=True)]
    hazards = (np.array(days) / 365.25 / SCALE_YEARS) ** SHAPE * np.exp(at_risk["True log hazard"])
    events = at_risk[OUTCOME].notna()
    assert abs(events.sum() - hazards.sum()) < 3 * np.sqrt(hazards.sum())
    high = at_risk["True log hazard"] > 1
    assert abs(events[high].sum() - hazards[high].sum()) < 3 * np.sqrt(hazards[high].sum())


def test_the_best_possible_concordance_is_told(patients):
    said = describe(patients)
    assert said["subjects"] == COUNT
    assert 0.65 < said["best possible concordance"] < 0.9
    shuffled = [one | {"True log hazard": other["True log hazard"]} for one, other in zip(patients, patients[::-1])]  # noqa: B905
    assert abs(describe(shuffled)["best possible concordance"] - 0.5) < 0.08


def test_nothing_is_said_of_a_follow_up_in_which_nobody_falls_ill(patients):
    healthy = [one | {OUTCOME: ""} for one in patients[:3]]
    assert describe(healthy)["best possible concordance"] is None
