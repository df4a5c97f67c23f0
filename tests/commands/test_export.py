from tests.export.test_hub_folder import export
from tests.untrained import write_untrained


def test_a_folder_that_holds_something_is_not_replaced_unasked(tmp_path, capsys):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "phenotype")
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "mine.txt").write_text("mine")
    assert export(checkpoint, "--hub", tmp_path / "hub") == 1
    assert "give --overwrite true" in capsys.readouterr().err
    assert export(checkpoint) == 1
    assert "say what to write" in capsys.readouterr().err
