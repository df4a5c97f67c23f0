import pytest
import torch

from benchmarks.speed.random_studies import random_subjects
from benchmarks.speed.training import CONFIG, build, step_flops


@pytest.fixture(scope="module")
def run():
    return build(planes=2, batch=3, config=CONFIG.with_name("smoke.yaml"))


def test_the_task_is_that_of_the_config_and_the_studies_are_random(run):
    assert run.model.encoder.width == 32
    run.datamodule.setup("fit")
    assert next(iter(run.datamodule.train_dataloader())).images.shape == random_subjects(2, 3).images.shape


def test_operations_grow_faster_than_tokens_because_of_attention():
    with torch.device("meta"):
        small, large = (step_flops(build(planes, 1)) for planes in (2, 4))
    assert 2 * small < large < 4 * small
