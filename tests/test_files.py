import pytest

from cmr_ssl.cli import main


@pytest.mark.parametrize("command", [["embed", "--checkpoint", "best.ckpt"], ["cohort", "--table", "table.csv"]])
def test_a_name_no_parquet_file_can_have_is_refused_at_once(command, tmp_path, capsys):
    for out, why in ((tmp_path / "table.csv", "end its name with .parquet"), (tmp_path, "is a folder")):
        assert main([*command, "--cache", "cache", "--out", str(out)]) == 1
        assert why in capsys.readouterr().err
