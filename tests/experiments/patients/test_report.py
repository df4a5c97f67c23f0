from experiments.patients.report import _risk, _table


def test_the_page_names_arms_and_gives_intervals():
    found = {"space": [0.7, 0.6, 0.8], "masked": [0.6, 0.5, 0.7], "scratch": [0.5, 0.4, 0.6]}
    differences = {"space - masked": [0.1, 0.0, 0.2], "space - scratch": [0.2, 0.1, 0.3]}
    assert "| masked only | 0.600 (0.500 to 0.700) | +0.100 (+0.000 to +0.200) |" in _risk(found | differences)
    assert "| Gout | 0.700 | 0.600 | 0.500 | +0.100 (" in _table({"Gout": found | differences}, "{:.3f}", "{:+.3f}")
