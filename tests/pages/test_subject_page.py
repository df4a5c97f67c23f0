import numpy as np

from cmr_ssl.measures import Value
from cmr_ssl.pages.percentiles import Person
from cmr_ssl.pages.subject_page import about, motion


def test_only_what_is_known_of_a_person_is_told():
    assert about(Person(), np.nan) == []
    assert about(Person(sex=0.0, age=61.6), 75.2) == [("Sex", "female"), ("Age", "62 years"), ("Heart rate", "75 bpm")]


def test_what_no_bulls_eye_shows_stands_in_two_columns():
    lines = [Value("valve motion", str(one), "ES", float(one), "mm") for one in range(3)]
    walls = Value("wall thickness", "1", "ED", 9.0, "mm")
    assert motion([*lines, walls, lines[0]._replace(value=np.nan)]) == [lines[:2], lines[2:]]
    assert motion([walls]) == []
