from datetime import date

import numpy as np

from cmr_ssl.phantom.follow_up import DIED, END, IMAGED, LOST, OUTCOME, SCALE_YEARS, SHAPE, describe


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


def test_the_best_possible_concordance_is_told_where_anybody_falls_ill(patients):
    said = describe(patients)
    assert said["subjects"] == len(patients)
    assert 0.65 < said["best possible concordance"] < 0.9
    shuffled = [one | {"True log hazard": other["True log hazard"]} for one, other in zip(patients, patients[::-1])]  # noqa: B905
    assert abs(describe(shuffled)["best possible concordance"] - 0.5) < 0.08
    healthy = [one | {OUTCOME: ""} for one in patients[:3]]
    assert describe(healthy)["best possible concordance"] is None
