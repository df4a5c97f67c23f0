from tests.runs import refusal


def test_a_folder_without_predictions_is_one_sentence(tmp_path, capsys):
    assert "phenotypes.csv" in refusal(capsys, "report", predictions=tmp_path, out=tmp_path / "out")
