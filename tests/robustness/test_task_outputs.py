import pytest
import torch

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.corruption.missing import drop_planes
from cmr_ssl.models.baselines import PlanesResNet, PlaneUNet
from cmr_ssl.robustness.task_outputs import dice, judged_outputs
from cmr_ssl.tasks import PhenotypeTask, SegmentationTask
from cmr_ssl.tasks.base import Task
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.phenotype_baseline import PhenotypeBaseline
from cmr_ssl.tasks.segmentation import SegmentationBaseline
from tests.tiny import tiny_batch, tiny_encoder, tiny_task

TARGETS = ["LVEF (%)", "LVM (g)"]
TASKS = {
    "pretraining": lambda: tiny_task(),
    "phenotype": lambda: PhenotypeTask(TARGETS, encoder=tiny_encoder()),
    "phenotype baseline": lambda: PhenotypeBaseline(TARGETS, PlanesResNet(7, width=8)),
    "segmentation": lambda: SegmentationTask(tiny_encoder()),
    "segmentation baseline": lambda: SegmentationBaseline(PlaneUNet(4)),
}
every_task = pytest.mark.parametrize("build", TASKS.values(), ids=TASKS)


def labelled(batch):
    """Return the batch twice as large, with a label map of every plane and frame: vertical stripes of all classes."""
    batch = batch._replace(images=batch.images.repeat_interleave(2, dim=3).repeat_interleave(2, dim=4))
    stripes = (torch.arange(batch.images.shape[-1]) % len(CLASSES)).to(torch.uint8)
    return batch._replace(labels=stripes.expand(batch.images.shape).clone(), annotated=torch.ones_like(batch.annotated))


def asked(task, batch):
    with torch.inference_mode():
        return judged_outputs(task.eval(), batch)


@every_task
def test_planes_that_are_absent_have_no_part_in_any_answer(build):
    task, batch = build(), labelled(tiny_batch())
    gone = torch.zeros_like(batch.present)
    gone[:, [1, 4, 6]] = True
    depleted = drop_planes(batch, gone)
    images = depleted.images.clone()
    images[gone] = torch.rand_like(images[gone])
    first, second = asked(task, depleted), asked(task, depleted._replace(images=images))
    for name, vectors in first.embeddings.items():
        torch.testing.assert_close(second.embeddings[name], vectors)
    torch.testing.assert_close(second.values, first.values)
    if first.labels.shape[2]:
        assert torch.equal(first.labels[~gone], second.labels[~gone])


@every_task
def test_what_is_missing_changes_the_embedding(build):
    task, batch = build(), labelled(tiny_batch())
    gone = torch.zeros_like(batch.present)
    gone[:, :3] = True
    full, depleted = asked(task, batch), asked(task, drop_planes(batch, gone))
    for name, vectors in full.embeddings.items():
        assert (depleted.embeddings[name] - vectors).abs().max() > 1e-4, name


def test_tasks_say_what_they_can():
    batch = labelled(tiny_batch())
    answers = {name: asked(build(), batch) for name, build in TASKS.items()}
    assert {name: list(one.embeddings) for name, one in answers.items()} == {
        "pretraining": ["whole heart", "landmarks", "class token", "mean token"],
        "phenotype": ["features"],
        "phenotype baseline": ["features"],
        "segmentation": ["landmarks", "class token", "mean token"],
        "segmentation baseline": [],
    }
    assert [one.values.shape[1] for one in answers.values()] == [0, 2, 2, 0, 0]
    assert [one.labels.shape[2] for one in answers.values()] == [0, 0, 0, 4, 4]


@pytest.mark.parametrize("name", ["phenotype", "segmentation"])
def test_answers_are_the_predictions_of_the_task(name):
    task, batch = TASKS[name]().eval(), labelled(tiny_batch())
    said = asked(task, batch)
    with torch.inference_mode():
        if name == "phenotype":
            torch.testing.assert_close(said.values, task.predict_step(batch))
        else:
            frames = task.drawn_frames(batch, [1, 2]).shape[1]
            whole = task.predict_step(batch)
            assert frames == said.labels.shape[2]
            assert any(torch.equal(said.labels[0, :, 0], whole[0, :, frame]) for frame in range(whole.shape[2]))


def test_overlap_is_measured_on_the_planes_that_are_left():
    task, batch = TASKS["segmentation"]().eval(), labelled(tiny_batch())
    perfect = batch.labels[:, :, :4]  # all frames are alike
    wrong = perfect.clone()
    wrong[:, 5:] = 0
    gone = torch.zeros_like(batch.present)
    gone[:, 5:] = True
    torch.testing.assert_close(dice(task, batch, perfect), torch.ones(2))
    assert (dice(task, batch, wrong) < 0.9).all()
    torch.testing.assert_close(dice(task, drop_planes(batch, gone), wrong), torch.ones(2))
    assert dice(tiny_task(), batch, perfect).isnan().all()


def test_a_task_that_says_nothing_is_refused():
    class Silent(Task):
        pass

    with pytest.raises(ValueError, match="a Silent says nothing about a study"):
        judged_outputs(Silent(Optimisation()), tiny_batch())
