import shutil

import pytest

from cmr_ssl.inspection.usual_planes import split_subjects
from cmr_ssl.tasks.trained import load_task


@pytest.fixture(scope="module")
def checkpoint(finished_run, tmp_path_factory):
    return shutil.copy(finished_run / "checkpoints" / "best.ckpt", tmp_path_factory.mktemp("model") / "best.ckpt")


def test_test_subjects_teach_nothing_about_what_is_usual(checkpoint, cache):
    trained = load_task(checkpoint)
    learning, testing = (set(split_subjects(checkpoint, cache, trained, *s)) for s in (("train", "val"), ("test",)))
    assert len(learning) > len(testing) > 0
    assert not learning & testing
    with pytest.raises(ValueError, match="was prepared with another"):
        split_subjects(checkpoint, cache, trained._replace(preparation={"size": 8}), "test")
