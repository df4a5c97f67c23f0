import pytest
import torch

from cmr_ssl.tasks.trained import load_task
from tests.untrained import SIZE, SLOTS, TASKS, write_untrained


@pytest.mark.parametrize("kind", TASKS)
def test_a_task_comes_back_as_it_was_written_and_cannot_learn_unasked(kind, tmp_path):
    path = write_untrained(tmp_path / "best.ckpt", kind, depth=1)
    trained, stored = load_task(path), torch.load(path, weights_only=True)["state_dict"]
    assert (type(trained.task).__name__, trained.views) == (TASKS[kind][0].rpartition(".")[2], SLOTS)
    assert trained.preparation.items() >= SIZE.items()
    assert not trained.task.training
    assert not trained.synthetic
    for name, weight in trained.task.state_dict().items():
        assert torch.equal(weight, stored[name]), name


def test_a_task_that_this_version_does_not_know_is_one_sentence(tmp_path):
    path = write_untrained(tmp_path / "best.ckpt", "phenotype", depth=1)
    content = torch.load(path, weights_only=True)
    content["hyper_parameters"]["_class_path"] = "cmr_ssl.tasks.OfTomorrow"
    torch.save(content, path)
    with pytest.raises(ValueError, match="holds a task that this version does not know"):
        load_task(path)
