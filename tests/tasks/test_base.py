from types import SimpleNamespace

import pytest

from cmr_ssl.tasks.base import Task
from cmr_ssl.tasks.optimisation import Optimisation
from tests.tiny import tiny_batch


def test_a_task_that_says_nothing_names_itself():
    with pytest.raises(ValueError, match="a Task says nothing about a study"):
        Task(Optimisation()).outputs(tiny_batch())


def test_checkpoints_keep_no_path_of_the_pretrained_encoder():
    checkpoint = {"hyper_parameters": {"encoder_checkpoint": "runs/a", "targets": ["Age"]}}
    Task(Optimisation()).on_save_checkpoint(checkpoint)
    assert checkpoint == {"hyper_parameters": {"targets": ["Age"]}}


def test_a_run_without_an_end_is_refused():
    task = Task(Optimisation())
    task.trainer = SimpleNamespace(estimated_stepping_batches=float("inf"))
    with pytest.raises(ValueError, match=r"set --trainer\.max_epochs or --trainer\.max_steps"):
        task.configure_optimizers()
