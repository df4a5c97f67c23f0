import pytest

from benchmarks.speed.serving import SubjectCost, predict_all, row, scales, write_checkpoint
from cmr_ssl.inference.label_maps import LabelMaps


@pytest.mark.parametrize("task", ["phenotype", pytest.param("segmentation", marks=pytest.mark.exhaustive)])
def test_a_checkpoint_of_nothing_predicts_a_cohort(hearts, tmp_path, task, monkeypatch):
    monkeypatch.setattr(LabelMaps, "draw", lambda *_: None)  # pictures are slow
    cohort = tmp_path / "cohort"
    cohort.mkdir()
    for subject in ("900000001", "900000002"):
        (cohort / subject).symlink_to(hearts / "cohort" / subject)
    write_checkpoint(tmp_path / "task.ckpt", task, scales()[0])
    cost = predict_all(tmp_path / "task.ckpt", cohort, tmp_path / "out")
    assert len(list((tmp_path / "out").glob("*/seg6_sa.nii.gz"))) == (2 if task == "segmentation" else 0)
    assert len(cost.memory) == 2
    assert min(cost.seconds, cost.processor) > 0


def test_memory_that_grows_is_said():
    assert "2.00 GB +1000 MB" in row("x", SubjectCost(1.0, 2.0, [2_000_000_000, 3_000_000_000])).ours
