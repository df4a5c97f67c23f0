import pytest

import cmr_ssl
from cmr_ssl.checkpoints import read_checkpoint
from tests.export.test_hub_folder import export
from tests.untrained import write_untrained


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("config.json", lambda data: b"{", "is damaged or no description"),
        ("config.json", lambda data: data.replace(b'"form": 1', b'"form": 9'), "has form 9, this version reads 1"),
        ("model.safetensors", lambda data: data[:-9], "is damaged or no safetensors file"),
    ],
)
def test_damaged_folders_are_refused_in_a_sentence(name, change, said, tmp_path):
    export(write_untrained(tmp_path / "best.ckpt", "phenotype"), "--hub", tmp_path / "hub")
    path = tmp_path / "hub" / name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=said):
        cmr_ssl.load(tmp_path / "hub")


def test_a_checkpoint_is_told_from_another_by_weights_and_description(tmp_path):
    export(write_untrained(tmp_path / "best.ckpt", "phenotype"), "--hub", tmp_path / "hub")
    before = cmr_ssl.load(tmp_path / "hub").fingerprint
    config = tmp_path / "hub" / "config.json"
    config.write_text(config.read_text().replace("LVEDV", "RVEDV"))
    assert cmr_ssl.load(tmp_path / "hub").fingerprint != before
    assert read_checkpoint(tmp_path / "hub" / "model.safetensors")["hyper_parameters"]["targets"][1] == "RVEDV (mL)"
