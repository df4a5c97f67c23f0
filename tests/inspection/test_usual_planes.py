import pytest

from cmr_ssl.inspection.usual_planes import split_subjects
from cmr_ssl.tasks.trained import load_task


def test_test_subjects_teach_nothing_about_what_is_usual(finished_run, cache):
    checkpoint = finished_run / "checkpoints" / "best.ckpt"
    trained = load_task(checkpoint)
    learning, testing = (set(split_subjects(checkpoint, cache, trained, *s)) for s in (("train", "val"), ("test",)))
    assert len(learning) > len(testing) > 0
    assert not learning & testing
    with pytest.raises(ValueError, match="was prepared with another"):
        split_subjects(checkpoint, cache, trained._replace(preparation={"size": 8}), "test")
