from cmr_ssl.cli import main
from tests.untrained import write_untrained


def test_a_model_without_tables_is_one_sentence(cache, tmp_path, capsys):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "segmentation", depth=1)
    places = ["--checkpoint", checkpoint, "--cache", cache, "--table", tmp_path / "t.csv", "--out", tmp_path / "o.csv"]
    assert main(["retrieve", *map(str, places)]) == 1
    assert "is of a SegmentationTask, which knows no tables" in capsys.readouterr().err
