import pytest

from cmr_ssl.cli import main


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
    arguments = ["--cache", str(tmp_path), "--out", str(tmp_path / "x"), "--policy", str(tmp_path / "policy.yaml")]
    assert main(["qc", *arguments]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
