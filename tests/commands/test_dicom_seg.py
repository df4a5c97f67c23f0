from tests.runs import refusal


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path, capsys):
    assert refusal(capsys, "dicom-seg", labels=tmp_path, dicom=tmp_path / "none", out=tmp_path / "out")
