import pandas as pd

from cmr_ssl.qc.page import count_findings, count_rejections, explain_codes, table

FINDINGS = pd.DataFrame(
    [
        ("1", "sa", 0, "blank", "repaired", "accept", 1.0, "one"),
        ("1", "sa", 1, "blank", "repaired", "accept", 1.0, "two"),
        ("2", "sa", 1, "torn", "rejected", "reject-subject", None, "ends early"),
    ],
    columns=["subject", "view", "slice", "code", "severity", "decision", "value", "message"],
)


def test_findings_are_counted_by_kind_and_subject_and_their_codes_explained():
    assert count_findings(FINDINGS) == [
        ("blank", "repaired", "accept", 2, 1),
        ("torn", "rejected", "reject-subject", 1, 1),
    ]
    assert count_rejections(FINDINGS) == [("torn", "reject-subject", 1, "ends early")]
    given = pd.DataFrame({"code": ["bad-archive", "mistriggered", "still", "still"]})
    assert [code for code, _ in explain_codes(given)] == ["bad-archive", "still"]


def test_cells_are_texts_and_no_markup():
    assert "<td>&lt;b&gt;</td>" in table(["x"], [["<b>"]])
    assert table(["x"], []) == "<p>None.</p>"
