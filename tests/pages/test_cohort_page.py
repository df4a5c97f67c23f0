import pytest

from cmr_ssl.pages.cohort_page import Summary, cohort_page
from cmr_ssl.pages.render import Provenance


def person(name, **z):
    about = {"sex": 1.0, "age": 60.0, "values": {"LVEF (%)": 60.0}, "truth": {}, "problem": ""}
    return Summary(name=name, page=False, z=z, found=0, missing=0, **about)


def page(*people):
    return cohort_page(list(people), ("LVEF (%)",), Provenance("the table", [], synthetic=False))


@pytest.mark.parametrize("z", [{}, {"LVEF": float("nan")}])
def test_nobody_is_called_usual_who_was_compared_with_nobody(z):
    said = page(person("900000001", **z), person("900000002", **z))
    assert "Nobody could be compared" in said
    assert "that far from the others" not in said


def test_who_is_usual_was_compared():
    said = page(person("900000001", LVEF=0.5), person("900000002"))
    assert "Nobody is that far from the others; 1 of 2 subjects could be compared." in said
