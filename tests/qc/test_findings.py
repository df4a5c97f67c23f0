from cmr_ssl.preparation.checks.limits import LIMITS
from cmr_ssl.preparation.checks.prepared_planes import Measure
from cmr_ssl.preparation.policy import Policy
from cmr_ssl.qc.findings import FindingRow, from_measures, from_record
from cmr_ssl.study import Finding
from tests.caches import record

POLICY = Policy({"mistriggered": "reject-plane", "beats-differ": "reject-subject"})


def test_what_preparing_found_is_a_row_for_each_slice():
    findings = [
        Finding("missing-frames", "repaired", "sa slice 2, 3", "blank", 4.0),
        Finding("beats-differ", "noted", "", "differ"),
        Finding("swapped-view", "rejected", "la_2ch", "swapped"),
    ]
    assert [*from_record(record("900000001", 5, (), findings=findings), POLICY)] == [
        FindingRow("900000001", "sa", 2, "missing-frames", "repaired", "accept", 4.0, "blank"),
        FindingRow("900000001", "sa", 3, "missing-frames", "repaired", "accept", 4.0, "blank"),
        FindingRow("900000001", "", None, "beats-differ", "noted", "reject-subject", None, "differ"),
        FindingRow("900000001", "la_2ch", None, "swapped-view", "rejected", "reject-plane", None, "swapped"),
    ]


def test_a_place_that_is_no_view_is_kept_as_it_is():
    found = [Finding("odd", "noted", "seg_sa.nii.gz slice x", "odd")]
    [row] = from_record(record("900000001", 5, (), findings=found), POLICY)
    assert (row.view, row.slice) == ("seg_sa.nii.gz slice x", None)


def test_what_lies_beyond_its_limit_is_a_row_with_its_value():
    measures = [Measure("mistriggered", "sa", 3, 0.2, 3), Measure("mistriggered", "sa", 4, 0.0, 4)]
    [row] = from_measures("900000001", measures, LIMITS, POLICY)
    assert row[:7] == ("900000001", "sa", 3, "mistriggered", "noted", "reject-plane", 0.2)
    assert "20%" in row.message
    [row] = from_measures("900000001", [Measure("low-contrast", "sa", -1, 0.1, 0)], LIMITS, POLICY)
    assert row.slice is None


def test_a_policy_rejects_only_what_is_certain():
    turned = [Measure("mistriggered", "sa", 3, value, 3) for value in (0.05, 0.11, 0.13)]
    rows = from_measures("900000001", turned, LIMITS, POLICY)
    assert [(row.value, row.decision) for row in rows] == [(0.11, "accept"), (0.13, "reject-plane")]
