import json

import torch

from tests.export.test_hub_folder import export
from tests.untrained import write_untrained


def test_the_card_says_what_a_model_has_seen(tmp_path):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "phenotype")
    content = torch.load(checkpoint)
    content |= {"epoch": 3, "global_step": 40}
    best = "BestCheckpoint{'monitor': 'val/loss', 'mode': 'min'}"
    content["callbacks"] = {best: {"best_model_score": torch.tensor(0.25)}}
    for synthetic in (True, False):
        content["CineDataModule"]["synthetic"] = synthetic
        torch.save(content, checkpoint)
        assert export(checkpoint, "--hub", tmp_path / "hub", "--licence", "mit", "--overwrite") == 0
        card = (tmp_path / "hub" / "README.md").read_text()
        assert card.startswith("---\nlicense: mit\nlibrary_name: cmr_ssl\n")
        assert ("never for patients" in card) == synthetic
        assert "4 epochs, 40 steps" in card
        assert "val/loss 0.25" in card
        assert "LVEF (%), LVEDV (mL)" in card
        assert json.loads((tmp_path / "hub" / "config.json").read_text())["fingerprint"] in card


def test_a_licence_cannot_write_into_the_head_of_the_card(tmp_path, capsys):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "phenotype")
    assert export(checkpoint, "--hub", tmp_path / "hub", "--licence", "mit\nmodel-index: []") == 1
    assert "is none as hubs spell it" in capsys.readouterr().err
    assert not (tmp_path / "hub").exists()
