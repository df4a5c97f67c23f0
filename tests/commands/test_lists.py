from tests.runs import refusal


def test_a_cache_without_labels_is_one_sentence(cache, tmp_path, capsys):
    assert "has a labelled short-axis slice" in refusal(capsys, "lists", cache=cache, out=tmp_path / "out")


def test_a_set_without_a_split_of_training_is_one_sentence(hearts, tmp_path, capsys):
    said = refusal(capsys, "lists", cache=hearts / "cache", out=tmp_path / "out", fractions="[1,0,0]")
    assert "is in val, and nnU-Net would split frames of one person" in said
