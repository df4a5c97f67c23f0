import numpy as np
import pandas as pd
import pytest

from cmr_ssl.cli import main


@pytest.fixture
def scans(tmp_path):
    rng = np.random.default_rng(0)
    true = rng.normal(60, 8, 40)
    for name in ("first", "second"):
        table = pd.DataFrame({"subject": np.arange(1000001, 1000041), "LVEF (%)": true + rng.normal(0, 2, 40)})
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


def run(folder, *more):
    given = ["--first", folder / "first.csv", "--second", folder / "second.csv", "--out", folder / "out", *more]
    return main(["repeatability", *map(str, given)])


def test_two_tables_of_the_same_people_give_the_error_of_one_measurement(scans, capsys):
    assert run(scans) == 0
    row = pd.read_csv(scans / "out" / "repeatability.csv").iloc[0]
    assert row["SEM 2.5 %"] < 2 < row["SEM 97.5 %"]
    assert row["SDC"] == pytest.approx(1.96 * np.sqrt(2) * row["SEM"], rel=1e-4)
    assert {path.name for path in (scans / "out").iterdir()} == {
        *("repeatability.csv", "repeatability.md", "subjects.csv", "set_aside.csv", "figures")
    }
    assert (scans / "out" / "figures" / "repeatability_LVEF.png").is_file()
    assert "LVEF (%) | 40 |" in capsys.readouterr().out


def test_what_cannot_be_compared_is_one_sentence(scans, capsys):
    (scans / "second.csv").unlink()
    assert run(scans) == 1
    assert "there is no table" in capsys.readouterr().err
    (scans / "second.csv").symlink_to(scans / "first.csv")
    assert run(scans) == 1
    assert "name the tables of two acquisitions" in capsys.readouterr().err


def test_one_subject_is_no_repeatability(scans, capsys):
    table = pd.read_csv(scans / "second.csv")
    table[:1].to_csv(scans / "second.csv", index=False)
    assert run(scans) == 1
    assert "is known on both sides of 1 subjects, fewer than 3" in capsys.readouterr().out


def test_who_withdrew_is_left_out_and_removed(scans):
    assert run(scans) == 0
    (scans / "w.txt").write_text("1000007\n")
    assert run(scans, "--withdrawn", scans / "w.txt") == 0
    assert "1000007" not in (scans / "out" / "subjects.csv").read_text()
    assert pd.read_csv(scans / "out" / "repeatability.csv")["N"].item() == 39
