import numpy as np
import pytest
import torch

import cmr_ssl
from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.cli import main
from tests import studies
from tests.untrained import TASKS, write_untrained


@pytest.fixture(scope="module")
def study():
    return studies.study(frames=8, frame_ms=110.0)


def export(checkpoint, *options):
    return main(["export", "--checkpoint", str(checkpoint), *map(str, options)])


@pytest.mark.parametrize("kind", TASKS)
def test_every_task_loads_from_its_folder_and_says_the_same(kind, study, tmp_path):
    checkpoint = write_untrained(tmp_path / "best.ckpt", kind)
    assert export(checkpoint, "--hub", tmp_path / "hub") == 0
    assert {path.name for path in (tmp_path / "hub").iterdir()} == {"model.safetensors", "config.json", "README.md"}
    ours, theirs = cmr_ssl.load(checkpoint, "cpu"), cmr_ssl.load(tmp_path / "hub", "cpu")
    assert ours.can == theirs.can
    assert ours.trained.preparation == theirs.trained.preparation
    assert np.array_equal(ours.embed(study).landmarks, theirs.embed(study).landmarks)


def test_an_exported_encoder_can_be_fine_tuned(tmp_path):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "pretraining")
    assert export(checkpoint, "--hub", tmp_path / "hub") == 0
    ours, theirs = load_encoder(checkpoint), load_encoder(tmp_path / "hub" / "model.safetensors")
    assert theirs.views == ours.views
    for one, other in zip(ours.encoder.parameters(), theirs.encoder.parameters(), strict=True):
        assert torch.equal(one, other)
