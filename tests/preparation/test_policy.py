import numpy as np
import pandas as pd
import pytest

from cmr_ssl.preparation.policy import NOTHING_REJECTED, WHOLE, Policy, Rejected, keeps, read_rejected, without

STRICT = Policy({"mistriggered": "reject-plane", "few-slices": "reject-subject", "beats-differ": "reject-plane"})
HEADER = "subject,view,slice,code,severity,decision,value,message\n"


def written(folder, *rows):
    path = folder / "findings.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("code", "severity", "view", "decision"),
    [
        ("mistriggered", "noted", "sa", "reject-plane"),
        ("few-slices", "noted", "sa", "reject-subject"),
        ("wrap-around", "noted", "sa", "accept"),
        ("missing-frames", "repaired", "sa", "accept"),
        ("beats-differ", "noted", "", "reject-subject"),  # no plane is told
        ("unreadable", "rejected", "la_2ch", "reject-plane"),  # it is gone already, whatever the policy says
        ("bad-archive", "rejected", "", "reject-plane"),  # of a subject that may have another one
    ],
)
def test_a_finding_leads_to_what_the_policy_says_of_its_code(code, severity, view, decision):
    assert STRICT.decide(code, severity, view) == decision


def test_codes_without_a_decision_are_dealt_with_otherwise_and_words_that_decide_nothing_are_refused():
    policy = Policy({"blurred": "accept"}, otherwise="reject-plane")
    assert policy.decide("wrap-around", "noted", "sa") == "reject-plane"
    with pytest.raises(ValueError, match="says 'refuse' of 'blurred': it may say 'accept', 'reject-plane'"):
        Policy({"blurred": "refuse"})


def test_what_a_table_rejects_is_read_by_subject_and_place(tmp_path):
    path = written(
        tmp_path,
        "900000001,sa,3,mistriggered,noted,reject-plane,0.2,turned",
        "900000001,la_2ch,,wrap-around,noted,reject-plane,0.4,folded",
        "900000002,sa,,few-slices,noted,reject-subject,4,few",
        "900000002,sa,1,mistriggered,noted,reject-plane,0.2,turned",
        "900000003,sa,2,missing-frames,rejected,reject-plane,,it is not in the cache",
        "900000004,sa,,base-missing,noted,accept,0.95,starts late",
    )
    rejected = read_rejected(path)
    assert rejected.subjects == {"900000002"}
    assert rejected.places == {"900000001": {("sa", 3), ("la_2ch", WHOLE)}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("subject,view,slice,code,severity\n", "has no column 'decision'"),
        (HEADER + "900000001,sa,3,mistriggered,noted,maybe,0.2,turned\n", "decides 'maybe'"),
        (HEADER + "900000001,sa,3,mistriggered,noted,,0.2,turned\n", "decides ''"),
    ],
)
def test_a_table_that_decides_nothing_is_refused(tmp_path, text, said):
    (tmp_path / "findings.csv").write_text(text)
    with pytest.raises(ValueError, match=said):
        read_rejected(tmp_path / "findings.csv")
    with pytest.raises(FileNotFoundError, match="no table of findings"):
        read_rejected(tmp_path / "absent.csv")


def test_a_place_is_kept_unless_it_or_its_whole_view_is_left_out():
    places = frozenset({("sa", 3), ("la_2ch", WHOLE)})
    kept = [keeps(places, *place) for place in (("sa", 2), ("sa", 3), ("la_2ch", 0), ("la_4ch", 0))]
    assert kept == [True, False, False, True]


def test_the_cohort_counts_what_is_left_and_loses_no_row():
    cohort = pd.DataFrame({"subject": list("abcd"), "status": ["accepted", "repaired", "accepted", "accepted"]})
    cohort = cohort.assign(planes=10, sa_slices=8, views="sa,la_2ch,la_4ch").set_index(np.arange(4, 8))
    places = {"a": frozenset({("sa", 3), ("sa", 5), ("la_4ch", WHOLE)}), "c": frozenset({("sa", WHOLE), ("sa", 1)})}
    left = without(cohort, Rejected(frozenset({"b"}), places))
    assert left[["status", "views", "sa_slices", "planes"]].to_numpy().tolist() == [
        ["accepted", "sa,la_2ch", 6, 7],
        ["rejected", "sa,la_2ch,la_4ch", 8, 10],
        ["accepted", "la_2ch,la_4ch", 0, 2],
        ["accepted", "sa,la_2ch,la_4ch", 8, 10],
    ]
    assert without(cohort, NOTHING_REJECTED).equals(cohort.reset_index(drop=True))
