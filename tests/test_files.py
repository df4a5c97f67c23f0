import pytest

from cmr_ssl.cli import main
from cmr_ssl.files import checkpoint_at


@pytest.mark.parametrize("command", [["embed", "--checkpoint", "best.ckpt"], ["cohort", "--table", "table.csv"]])
def test_a_name_no_parquet_file_can_have_is_refused_at_once(command, tmp_path, capsys):
    for out, why in ((tmp_path / "table.csv", "end its name with .parquet"), (tmp_path, "is a folder")):
        assert main([*command, "--cache", "cache", "--out", str(out)]) == 1
        assert why in capsys.readouterr().err


def test_the_best_checkpoint_of_a_run_is_loaded_and_no_other_guessed(tmp_path):
    run = tmp_path / "checkpoints"
    run.mkdir()
    for name in ("epoch=1.ckpt", "epoch=2.ckpt", "last.ckpt", "best.ckpt"):
        (run / name).touch()
    assert checkpoint_at(tmp_path) == run / "best.ckpt"
    (run / "best.ckpt").unlink()
    assert checkpoint_at(tmp_path) == checkpoint_at(run) == run / "last.ckpt"
    (run / "last.ckpt").unlink()
    with pytest.raises(FileNotFoundError, match="holds 2 checkpoints"):
        checkpoint_at(tmp_path)
    (run / "epoch=1.ckpt").unlink()
    assert checkpoint_at(tmp_path) == run / "epoch=2.ckpt"
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        checkpoint_at(tmp_path / "nowhere")
