from cmr_ssl.cli import main


def test_a_folder_without_predictions_is_one_sentence(tmp_path, capsys):
    assert main(["report", "--predictions", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "phenotypes.csv" in error
    assert error.count("\n") == 1
