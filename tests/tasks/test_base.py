from types import SimpleNamespace

import pytest
import torch

from cmr_ssl.models import GridPositions
from cmr_ssl.models.baselines import PlaneUNet
from cmr_ssl.tasks import Optimisation, PhenotypeTask, SegmentationBaseline, SegmentationTask
from cmr_ssl.tasks.base import Task
from tests.tiny import tiny_encoder, tiny_task


class Measured(Task):
    """Measures two things of each subject."""

    monitor = "val/good"

    def __init__(self):
        super().__init__(Optimisation(), ("good", "loss"))


def test_means_are_over_subjects_of_all_batches_and_the_monitored_one_is_shown():
    task, shown = Measured(), {}
    task.log = lambda name, value, prog_bar, batch_size: shown.update({name: prog_bar})
    task.log_means("val", {"good": torch.tensor([1.0, torch.nan]), "loss": torch.tensor([1.0, 2.0])})
    task.log_means("val", {"good": torch.tensor([4.0, 4.0]), "loss": torch.tensor([6.0, 7.0])})
    assert {name: mean.item() for name, mean in task.means.compute().items()} == {"good": 3, "loss": 4}
    assert shown == {"val/good": True, "val/loss": False}
    assert not task.state_dict()


def test_what_a_split_is_gathered_for_is_forgotten_afterwards():
    task = Measured()
    task.trainer = SimpleNamespace(world_size=1)
    task.seen += [(torch.zeros(2, 3), torch.ones(2)), (torch.ones(1, 3), torch.zeros(1))]
    rows, ones = task.gathered()
    assert rows.sum(dim=1).tolist() == [0, 0, 3]
    assert ones.tolist() == [1, 1, 0]
    assert not task.seen


@pytest.mark.parametrize(
    ("task", "can"),
    [
        (tiny_task, ("embed", "plane")),
        (lambda: tiny_task(encoder=tiny_encoder(GridPositions())), ("embed",)),
        (lambda: PhenotypeTask(["a"], encoder=tiny_encoder()), ("embed", "predict")),
        (lambda: SegmentationTask(encoder=tiny_encoder()), ("embed", "segment")),
        (lambda: SegmentationBaseline(PlaneUNet(4)), ("segment",)),
    ],
    ids=["pretraining", "by index", "phenotype", "segmentation", "baseline"],
)
def test_a_task_says_what_it_can_be_asked(task, can):
    assert task().can == can
