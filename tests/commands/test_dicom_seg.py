from cmr_ssl.cli import main


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path, capsys):
    options = ["--labels", str(tmp_path), "--dicom", str(tmp_path / "none"), "--out", str(tmp_path / "out")]
    assert main(["dicom-seg", *options]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
