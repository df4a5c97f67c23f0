from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch.callbacks import RichProgressBar

from cmr_ssl.callbacks import ProgressBar


@pytest.fixture
def bar(monkeypatch):
    monkeypatch.setattr(RichProgressBar, "get_metrics", lambda *_: {"v_num": 1})
    return ProgressBar(every_seconds=60)


def test_the_loss_stands_beside_the_bar_and_is_read_now_and_then_only(bar):
    trainer = SimpleNamespace(callback_metrics={"train/loss": torch.tensor(0.5), "train/gradient_norm": torch.ones(())})
    assert bar.get_metrics(trainer, None) == {"v_num": 1, "train/loss": 0.5}
    trainer.callback_metrics["train/loss"] = None  # whoever reads it fails
    assert bar.get_metrics(trainer, None)["train/loss"] == 0.5
    bar.read_at -= 60
    trainer.callback_metrics["train/loss"] = torch.tensor(0.25)
    assert bar.get_metrics(trainer, None)["train/loss"] == 0.25


def test_a_run_that_has_logged_nothing_yet_has_no_loss(bar):
    assert bar.get_metrics(SimpleNamespace(callback_metrics={}), None) == {"v_num": 1}
