from pathlib import Path

import torch

from cmr_ssl.checkpoints import build_encoder
from experiments.real_hearts.arms import USUAL, encoder_of
from tests.runs import ROOT


def test_from_scratch_means_the_network_whose_description_the_pretraining_names(monkeypatch):
    monkeypatch.chdir(ROOT)
    with torch.device("meta"):
        encoder = build_encoder(encoder_of(USUAL), Path(USUAL.config))
    assert (encoder.patch, encoder.width) == ((16, 8, 8), 192)
