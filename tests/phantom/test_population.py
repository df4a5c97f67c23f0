import numpy as np
import pandas as pd
import pytest

from cmr_ssl.phantom.pathology import DISEASES
from cmr_ssl.phantom.person import draw_person
from cmr_ssl.phantom.truth_table import person_columns, true_volumes

# Mean and SD in the whole first-5,000 cohort of UK Biobank, both sexes.
PUBLISHED = {
    "LVEDV (mL)": (144.1, 34.4),
    "LVESV (mL)": (59.6, 21.2),
    "LVSV (mL)": (84.9, 19.3),
    "LVM (g)": (89.7, 24.8),
    "RVEDV (mL)": (152.4, 37.2),
    "RVESV (mL)": (67.6, 22.9),
    "RVSV (mL)": (85.1, 19.3),
    "RVEF (%)": (56.4, 6.5),
    "LAV max (mL)": (67.9, 21.8),
    "LAV min (mL)": (28.8, 15.4),
    "RAV max (mL)": (79.2, 26.5),
    "RAV min (mL)": (46.3, 20.0),
    "BSA (m2)": (1.889, 0.222),
}
TIES = {
    ("LVEDV (mL)", "LVESV (mL)"): 0.88,
    ("LVEDV (mL)", "LVSV (mL)"): 0.84,
    ("LVESV (mL)", "LVSV (mL)"): 0.49,
    ("RVEDV (mL)", "RVESV (mL)"): 0.91,
    ("RVEDV (mL)", "RVSV (mL)"): 0.83,
    ("LVEDV (mL)", "RVEDV (mL)"): 0.92,
    ("LVEDV (mL)", "LVM (g)"): 0.86,
    ("LVEDV (mL)", "LVEF (%)"): -0.39,
    ("LVEDV (mL)", "LAV max (mL)"): 0.51,
    ("BSA (m2)", "LVM (g)"): 0.73,
}


@pytest.fixture(scope="module")
def cohort() -> pd.DataFrame:
    people = [draw_person(7, index, "mixed") for index in range(1, 2001)]
    rows = [{**true_volumes(one), **person_columns(one.body), "Pathology": one.pathology} for one in people]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("name", PUBLISHED)
def test_means_and_spreads_are_those_of_uk_biobank(cohort, name):
    mean, spread = PUBLISHED[name]
    assert cohort[name].mean() == pytest.approx(mean, rel=0.04)
    assert cohort[name].std() == pytest.approx(spread, rel=0.15)


@pytest.mark.parametrize("pair", TIES)
def test_measurements_are_tied_to_each_other_as_in_uk_biobank(cohort, pair):
    assert cohort[pair[0]].corr(cohort[pair[1]]) == pytest.approx(TIES[pair], abs=0.08)


def test_men_have_larger_hearts_whose_ventricles_pump_the_same(cohort):
    volumes = [name for name in PUBLISHED if "(mL)" in name or "(g)" in name]
    by_sex = cohort.groupby("Sex")[volumes].mean()
    assert (by_sex.loc[1] > by_sex.loc[0]).all()
    assert abs((cohort["LVSV (mL)"] - cohort["RVSV (mL)"]).mean()) < 2.0


def test_pathologies_come_at_their_rates(cohort):
    shares = cohort["Pathology"].value_counts(normalize=True)
    for name, disease in DISEASES.items():
        assert shares[name] == pytest.approx(disease.share, abs=4 * np.sqrt(disease.share / len(cohort)))


def test_each_pathology_shows_in_the_numbers_it_is_known_for():
    found = {name: [draw_person(5, index, name) for index in range(1, 201)] for name in DISEASES}
    rows = {name: pd.DataFrame([true_volumes(one) for one in people]).mean() for name, people in found.items()}
    normal = rows["normal"]
    assert rows["dilated"]["LVEF (%)"] < 42 < normal["LVEF (%)"]
    assert rows["dilated"]["LVEDV (mL)"] > 1.3 * normal["LVEDV (mL)"]
    assert rows["concentric_hypertrophy"]["LVM (g)"] > 1.15 * normal["LVM (g)"]
    assert rows["asymmetric_hypertrophy"]["LVEF (%)"] > normal["LVEF (%)"] + 4
    assert rows["infarct"]["LVEF (%)"] < normal["LVEF (%)"] - 8
    assert rows["rv_overload"]["RVEDV (mL)"] > 1.3 * normal["RVEDV (mL)"]
    assert rows["af_like"]["LAEF (%)"] < 26
    assert all(one.shape.territory for one in found["infarct"])
    assert not any(one.shape.territory for one in found["normal"])
