import pytest

from tests.runs import refusal


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("decisions: {mistrigered: accept}", "'mistrigered', which no finding is called: did you mean 'mistriggered'?"),
        ("decisions: {blurred: refuse}", "refuse"),
        ("otherwise: refuse", "refuse"),
    ],
)
def test_a_policy_that_makes_no_sense_is_one_sentence(tmp_path, capsys, text, said):
    (tmp_path / "policy.yaml").write_text(text)
    assert said in refusal(capsys, "qc", cache=tmp_path, out=tmp_path / "x", policy=tmp_path / "policy.yaml")
