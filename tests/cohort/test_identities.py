import re

import pytest

from cmr_ssl.cohort.identities import altered_ids, id_key


@pytest.mark.parametrize(
    ("subject", "written"),
    [
        ("0050772", "50772"),
        ("50772", "0050772"),
        ("0050772", '="0050772"'),
        ("0050772", "'50772"),
        ("1050774", "1,050,774"),
        ("1050774", "1.050.774"),
        ("1050774", "1 050 774"),
        ("1050774", "1050774,0"),
        ("1050774", "1.050774E+06"),
        ("0050772_3", "50772_3"),
    ],
)
def test_an_id_is_known_by_what_a_spreadsheet_leaves_of_it(subject, written):
    assert id_key(subject) == id_key(written)
    assert altered_ids([subject, "7"], [written, "7"], "") == {written: subject}


@pytest.mark.parametrize(
    ("one", "other"), [("0050772", "50773"), ("007A", "7A"), ("SC_HF_3", "SC_HF_03"), ("0", "00A")]
)
def test_other_ids_stay_others(one, other):
    assert id_key(one) != id_key(other)


def test_ids_that_are_there_are_taken_as_they_are_and_rounded_ones_of_other_people_do_no_harm():
    assert altered_ids(["50772", "0050773"], ["50772", "0050773", "050772"], "") == {}
    assert altered_ids(["2050774", "1050774"], ["1050774", "1.05E+06", "9.1E+06"], "") == {}


@pytest.mark.parametrize(
    ("subjects", "ids"),
    [
        (["0050772", "50772"], ["50772"]),  # whose row is it?
        (["0050772"], ["50772", "050772"]),
        (["0050772", "050772"], ["50772"]),
    ],
)
def test_ids_that_may_be_two_are_named(subjects, ids):
    with pytest.raises(ValueError, match=r"column 'eid' of T has .*50772.* differ only by what a spreadsheet removes"):
        altered_ids(subjects, ids, "column 'eid' of T")


@pytest.mark.parametrize("written", ["1.05E+06", "1,05E+06", "1.05e+06", "1E+06", "1.05077E+06"])
def test_rounded_ids_are_named_where_they_may_be_a_subject(written):
    said = f"{re.escape(written.upper())}', an id that a spreadsheet rounded; it may be '1050774': format"
    with pytest.raises(ValueError, match=said):
        altered_ids(["1050774", "7"], [written.upper(), "7"], "")
