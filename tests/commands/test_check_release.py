from cmr_ssl.cli import main
from tests.runs import ROOT


def test_files_that_may_leave_are_let_go(tmp_path, capsys):
    (tmp_path / "a.md").write_text("1234567 steps of 900000001")
    (tmp_path / "b.csv").write_text("eid,x\n900000001,2\n")
    assert main(["check-release", str(tmp_path / "a.md"), str(tmp_path / "b.csv")]) == 0
    assert "0 findings in 2 files" in capsys.readouterr().out


def test_a_folder_is_checked_file_by_file_and_a_finding_or_a_missing_file_is_one_sentence(tmp_path, capsys):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.yaml").write_text("x: /home/me/x\ny: 1\nz: /home/me/x\n")
    assert main(["check-release", str(tmp_path)]) == 1
    sentence, summary = capsys.readouterr().out.splitlines()
    assert sentence == f"{tmp_path / 'inner' / 'a.yaml'}: line 1, line 3 holds the absolute path '/home/me/x'"
    assert summary == "1 findings in 1 files"
    assert main(["check-release", str(tmp_path / "no")]) == 1
    assert capsys.readouterr().err.startswith("error: there is no file")


def test_our_own_configs_pages_run_and_cache_may_leave(finished_run, cache):
    paths = [ROOT / "configs", ROOT / "README.md", ROOT / "docs"]
    assert main(["check-release", *map(str, paths)]) == 0
    files = [finished_run / "checkpoints", cache / "cohort.parquet", cache / "subjects"]
    assert main(["check-release", *map(str, files)]) == 0
