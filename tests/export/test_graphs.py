import pytest
import torch

from cmr_ssl.export.graphs import graphs
from cmr_ssl.export.onnx import study_of
from cmr_ssl.tasks.base import Task
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.trained import load_task
from tests.untrained import TASKS, write_untrained


@pytest.mark.parametrize("kind", TASKS)
def test_a_graph_says_as_much_as_it_names_of_few_planes_and_many(kind, tmp_path):
    trained = load_task(write_untrained(tmp_path / "best.ckpt", kind, depth=1))
    made = {"pretraining": "encoder", "segmentation": "segmentation"}.get(kind, "phenotypes")
    assert [one.name for one in graphs(trained.task)][-1] == made
    for graph in graphs(trained.task):
        for planes in (1, 3):
            with torch.inference_mode():
                told = graph.module(*study_of(planes, trained))
            assert len(told) == len(graph.outputs)
            assert all(one.isfinite().all() for one in told)


def test_a_task_without_an_encoder_is_refused():
    with pytest.raises(ValueError, match="has no encoder"):
        graphs(Task(Optimisation()))
