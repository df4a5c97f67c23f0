from tests.runs import refusal
from tests.untrained import write_untrained


def test_a_model_without_tables_is_one_sentence(cache, tmp_path, capsys):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "segmentation", depth=1)
    places = {"cache": cache, "table": tmp_path / "t.csv", "out": tmp_path / "o.csv"}
    said = refusal(capsys, "retrieve", checkpoint=checkpoint, **places)
    assert "is of a SegmentationTask, which knows no tables" in said
