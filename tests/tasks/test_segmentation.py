from types import SimpleNamespace

import pytest
import torch

from cmr_ssl.anatomy import LA, LV, MYOCARDIUM, RV, UNLABELLED
from cmr_ssl.corruption import KSpaceUndersampling
from cmr_ssl.planes import VIEWS
from cmr_ssl.tasks import SegmentationTask
from tests.tiny import tiny_batch, tiny_encoder


def labelled(*values, **options):
    """Return a batch whose planes are labelled with one class each, in turn; the rest is background."""
    batch = tiny_batch(size=32, **options)
    labels = torch.zeros_like(batch.images, dtype=torch.uint8)
    for plane in range(labels.shape[1]):
        labels[:, plane, :, 8:24, 8:24] = values[plane % len(values)]
    return batch._replace(labels=labels, annotated=torch.ones_like(batch.annotated))


@pytest.fixture
def task(monkeypatch):
    torch.manual_seed(0)
    task = SegmentationTask(tiny_encoder())
    task.trainer = SimpleNamespace(world_size=1, current_epoch=0)
    monkeypatch.setattr(task, "log", lambda *_, **__: None)
    return task


def everywhere(task, index):
    """Let the network say `index` of every pixel."""
    task.logits = lambda batch, frames: torch.eye(6)[index].reshape(1, 1, 6, 1, 1, 1).expand(2, 7, 6, 8, 32, 32)


def test_what_training_saw_drawn_is_remembered_and_saved_while_validation_and_tests_teach_nothing(task):
    task.training_step(labelled(LV, RV), 0)
    task.training_step(labelled(LA), 1)
    stored = task.state_dict()["drawn"]
    assert stored.any(dim=0).tolist() == [True, True, False, True, True, False]
    again = SegmentationTask(tiny_encoder())
    again.load_state_dict(task.state_dict())
    assert torch.equal(again.drawn, stored)
    before = task.drawn.clone()
    batch = labelled(MYOCARDIUM)
    task.eval()
    task.validation_step(batch, 0)
    task.test_step(batch, 0)
    assert torch.equal(task.drawn, before)


def test_flaws_are_of_the_images_of_training_alone(task):
    shown, batch = [], labelled(LV)
    inner = task.logits
    task.logits = lambda seen, frames: shown.append(seen) or inner(seen, frames)
    task.corruption = [KSpaceUndersampling(1.0)]
    task.training_step(batch, 0)
    task.eval()
    task.validation_step(batch, 0)
    trained, validated = shown
    assert (trained.images != batch.images).flatten(2).any(dim=2).all()
    assert torch.equal(trained.labels, batch.labels)
    assert validated is batch


def test_a_class_nobody_drew_is_never_predicted(task):
    task.training_step(labelled(LV, UNLABELLED), 0)
    task.eval()
    everywhere(task, MYOCARDIUM)
    for step in (task.predict_step, task.test_step):
        assert not (step(labelled(LV), 0) == MYOCARDIUM).any()
    everywhere(task, LV)
    assert (task.predict_step(labelled(LV)) == LV).all()


def test_all_processes_remember_what_any_of_them_saw(task):
    other = torch.zeros_like(task.drawn)
    other[VIEWS.index("sa"), MYOCARDIUM] = 1
    reduced = lambda own, reduce_op: {"max": torch.maximum(own, other)}[reduce_op]  # noqa: E731
    task.trainer = SimpleNamespace(world_size=2, current_epoch=0, strategy=SimpleNamespace(reduce=reduced))
    task.training_step(labelled(LV), 0)
    task.on_after_backward()
    assert task.drawn.any(dim=0).tolist() == [True, True, True, False, False, False]
