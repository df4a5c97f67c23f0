from types import SimpleNamespace

import pytest
import torch

from cmr_ssl.corruption import KSpaceUndersampling
from cmr_ssl.kspace import Acquisition, VariableDensity
from cmr_ssl.tasks import DistillationTask
from cmr_ssl.tasks.distillation import missed, said
from tests.tiny import tiny_batch, tiny_encoder, tiny_task

UNDERSAMPLED = [KSpaceUndersampling(1.0, Acquisition(VariableDensity(4.0)))]


@pytest.fixture
def task(monkeypatch):
    """Return a task whose copy is still as the original."""
    original = tiny_task().encoder
    made = DistillationTask(UNDERSAMPLED, tiny_encoder(), "CHECKPOINT")
    made.encoder.load_state_dict(original.state_dict())
    made.original = (original.requires_grad_(False),)
    made.trainer = SimpleNamespace(current_epoch=0)
    monkeypatch.setattr(made, "log", lambda *_, **__: None)
    return made


def test_a_copy_learns_to_say_of_flawed_studies_what_the_original_says_of_clean_ones(task):
    batch, optimiser = tiny_batch(), torch.optim.Adam(task.encoder.parameters(), 3e-3)
    for _ in range(20):
        optimiser.zero_grad()
        task.training_step(batch, 0).backward()
        optimiser.step()
    task.eval()
    measured = task.measure(batch)
    assert (measured["loss"] < 0.7 * measured["loss_untaught"]).all()
    assert not [name for name in task.state_dict() if not name.startswith(("encoder.", "means."))]


def test_without_flaws_nothing_is_missed_and_the_mean_of_all_tokens_misses_everything(task):
    batch = tiny_batch()
    assert (task.losses(task.encoder, batch, batch) == 0).all()
    wanted = said(task.encoder, batch)
    exists = torch.ones(wanted.shape[:2], dtype=torch.bool)
    lost = missed(wanted.mean(dim=1, keepdim=True).expand_as(wanted), wanted, exists)
    assert ((lost > 0.7) & (lost <= 1)).all()  # less than 1 by features that hardly vary


def test_absent_planes_do_not_count(task):
    batch = tiny_batch()
    batch.present[:, 2] = False
    other = batch._replace(images=batch.images.clone())
    other.images[:, 2] = 0
    flawed = [task.flawed(one) for one in (batch, other)]
    first, second = (task.losses(task.encoder, *pair) for pair in zip(flawed, (batch, other), strict=True))
    torch.testing.assert_close(first, second)


def test_without_flaws_or_an_original_it_is_refused():
    with pytest.raises(ValueError, match="names no flaw"):
        DistillationTask([], tiny_encoder())
    with pytest.raises(ValueError, match="whose words are to be learnt"):
        DistillationTask(UNDERSAMPLED, tiny_encoder()).setup("fit")
