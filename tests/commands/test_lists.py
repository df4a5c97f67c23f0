from cmr_ssl.cli import main


def test_a_cache_without_labels_is_one_sentence(cache, tmp_path, capsys):
    assert main(["lists", "--cache", str(cache), "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert "has a labelled short-axis slice" in error
    assert error.count("\n") == 1


def test_a_set_without_a_split_of_training_is_one_sentence(hearts, tmp_path, capsys):
    options = ["--cache", str(hearts / "cache"), "--out", str(tmp_path / "out"), "--fractions", "[1,0,0]"]
    assert main(["lists", *options]) == 1
    assert "is in val, and nnU-Net would split frames of one person" in capsys.readouterr().err
