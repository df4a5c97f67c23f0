import pandas as pd

from cmr_ssl.evaluation.paired_values import SetAside
from cmr_ssl.evaluation.repeatability_writer import page


def test_a_page_of_nothing_measured_says_why():
    text = page(pd.DataFrame(), [SetAside("", "x", "is known on both sides of 2 subjects")], 2)
    assert "2 subjects, acquired twice" in text
    assert "* x: is known on both sides of 2 subjects" in text
