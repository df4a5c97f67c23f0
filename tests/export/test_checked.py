import torch

from tests.export.test_hub_folder import export
from tests.untrained import write_untrained


def test_what_would_give_somebody_away_is_not_exported(tmp_path, capsys):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "phenotype")
    content = torch.load(checkpoint)
    content["CineDataModule"]["split"]["column"] = "/data/project/lists/split of eid 1234567"
    torch.save(content, checkpoint)
    assert export(checkpoint, "--hub", tmp_path / "hub") == 1
    said = capsys.readouterr().err
    assert "a 7-digit participant id" in said
    assert "1234567" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["best.ckpt"]
