import numpy as np
import pandas as pd

from cmr_ssl.phantom.follow_up import IMAGED
from cmr_ssl.phantom.patient import draw_patient
from cmr_ssl.phantom.person import draw_person


def test_a_table_has_about_forty_fields_that_vary_and_tell_of_the_heart(table):
    fields = list(table.columns)[: list(table.columns).index(IMAGED)]
    assert len(fields) >= 40
    assert (table[fields].nunique() > 1).all()
    people = [draw_person(11, index, "mixed") for index in range(1, len(table) + 1)]
    drawn = [draw_patient(np.random.default_rng(0), person) for person in people]
    load, atrium = np.array([one.load for one in drawn]), np.array([one.atrium for one in drawn])
    assert table["Systolic pressure (mmHg)"].corr(pd.Series(load)) > 0.35
    assert table["P duration (ms)"].corr(pd.Series(atrium)) > 0.3
    assert abs(table["Platelets (10^9/L)"].corr(pd.Series(load))) < 0.15
