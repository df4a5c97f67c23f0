from cmr_ssl.phantom.unknown_values import BLOOD, CODES, ELECTROCARDIOGRAM


def test_what_is_measured_together_is_missing_together_and_some_answers_are_codes(table):
    blood = table[list(BLOOD)].drop(columns=["Lipoprotein(a) (nmol/L)", "HDL (mmol/L)", "Glucose (mmol/L)"]).isna()
    assert (blood.all(axis=1) == blood.any(axis=1)).all()
    assert 0.02 < blood.all(axis=1).mean() < 0.12
    assert 0.08 < table[ELECTROCARDIOGRAM[2]].isna().mean() < 0.22
    assert table["Pack years"].isna()[table["Smoking status"] == 0].all()
    assert sum(((table[name] < 0) & (table[name] != -2)).sum() for name in CODES) > 10
