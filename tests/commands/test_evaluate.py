import re

import numpy as np
import pandas as pd
import pytest
import yaml

from cmr_ssl.cli import main
from tests.evaluation import hearts
from tests.evaluation.hearts import RADII, drawn, write
from tests.studies import write_image

SUBJECTS = [str(number) for number in range(1000001, 1000007)]
NNUNET = {"labels": [{"view": "sa", "file": "{subject}.nii.gz", "classes": {1: "RV", 2: "myocardium", 3: "LV"}}]}


def run(*arguments):
    return main(["evaluate", *map(str, arguments)])


@pytest.fixture
def folders(tmp_path):
    """Return predictions as nnU-Net writes them beside true label maps in sub-folders, and a table of the people."""
    for number, subject in enumerate(SUBJECTS):
        radii = [radius + 0.3 * number for radius in RADII]
        write(tmp_path / "truth", subject, drawn(radii))
        predicted = np.array([0, 3, 2, 1], np.uint8)[drawn(radii, shift=number % 2)]
        write_image(tmp_path / "flat" / f"{subject}.nii.gz", predicted, hearts.STACK)
    (tmp_path / "nnunet.yaml").write_text(yaml.safe_dump(NNUNET))
    people = pd.DataFrame({"eid": SUBJECTS, "Sex": [0, 1] * 3, "Age": 60, "BMI": 25, "Pathology": "normal"})
    people.to_csv(tmp_path / "people.csv", index=False)
    return tmp_path


def compared(folder, *more):
    files = ["--files", folder / "nnunet.yaml", "--truth_files", "configs/sources/nifti_folder.yaml"]
    return run("--predictions", folder / "flat", "--truth", folder / "truth", "--out", folder / "out", *files, *more)


def test_a_flat_folder_of_another_numbering_is_compared_with_the_truth_by_structure_and_group(folders, capsys):
    assert compared(folders, "--table", folders / "people.csv", "--fewest", 3) == 0
    overlap = pd.read_csv(folders / "out" / "overlap.csv").set_index(["structure", "phase"])
    assert (overlap["N"] == 6).all()
    assert overlap.loc[("LV", "ED"), "dice"] < 1
    groups = pd.read_csv(folders / "out" / "groups.csv")
    dice = groups[(groups["of"] == "LV") & (groups["by"] == "Sex")].set_index("group")
    assert dice.loc["women", "mean"] == 1  # whose maps are not shifted
    assert dice.loc["men", "difference"] < 0
    agreement = pd.read_csv(folders / "out" / "agreement.csv").set_index("target")
    assert agreement.loc["LVEDV (mL)", "MAE"] == pytest.approx(0, abs=1e-6)
    said = capsys.readouterr().out
    assert "| LV | sa | ED | 6 | " in said
    assert "corrected together (Holm)" in said


def test_wrong_numbers_are_not_guessed_but_lead_to_a_dice_that_shows_it_and_to_no_volume(folders):
    mapping = NNUNET["labels"][0] | {"classes": {1: "LV", 2: "myocardium", 3: "RV"}}
    (folders / "nnunet.yaml").write_text(yaml.safe_dump({"labels": [mapping]}))
    assert compared(folders) == 0
    assert pd.read_csv(folders / "out" / "overlap.csv").set_index("structure").loc["LV", "dice"].max() < 0.2
    aside = pd.read_csv(folders / "out" / "set_aside.csv")
    assert aside["why"].str.contains("no volume of the prediction is believed").sum() == 6


def test_one_bad_subject_is_set_aside_and_the_others_are_compared(folders):
    write_image(folders / "flat" / f"{SUBJECTS[0]}.nii.gz", drawn()[..., :2], hearts.STACK)
    write_image(folders / "flat" / "stranger.nii.gz", drawn(), hearts.STACK)
    (folders / "flat" / f"{SUBJECTS[1]}.nii.gz").write_bytes(b"torn")
    (folders / "flat" / f"{SUBJECTS[2]}.nii.gz").unlink()
    assert compared(folders) == 0
    aside = pd.read_csv(folders / "out" / "set_aside.csv", dtype=str).fillna("")
    aside = aside[(aside["subject"] != "") | (aside["where"] == "")].set_index("subject")["why"]  # without columns
    assert "2 frames and the truth 3" in aside[SUBJECTS[0]]
    assert "cannot be read" in aside[SUBJECTS[1]]
    assert aside[""] == f"1 subjects of the truth were not predicted: {SUBJECTS[2]}"
    assert aside["stranger"] == "there is no truth of it"
    assert (pd.read_csv(folders / "out" / "overlap.csv")["N"] == 3).all()


def test_where_nobody_can_be_compared_the_reasons_are_written(folders, capsys):
    for subject in SUBJECTS:
        (folders / "flat" / f"{subject}.nii.gz").write_bytes(b"torn")
    assert compared(folders, "--table", folders / "people.csv") == 1
    assert pd.read_csv(folders / "out" / "set_aside.csv")["why"].str.contains("cannot be read").sum() == 6
    assert "6 subjects; each with its reason in set_aside.csv" in capsys.readouterr().out


@pytest.fixture
def tables(tmp_path):
    rng = np.random.default_rng(0)
    true = rng.normal(60, 8, 60)
    ids, within = np.arange(1, 61), np.full(60, 2.0)
    predicted = {"subject": ids, "LVEF (%)": true + rng.normal(0, 2, 60), "LVEF (%), 90 % within": within}
    (tmp_path / "out_of_predict").mkdir()
    pd.DataFrame(predicted).to_csv(tmp_path / "out_of_predict" / "phenotypes.csv", index=False)
    people = {"eid": ids, "LVEF (%)": true, "Sex": ids % 2, "Age": 40 + ids / 2}
    pd.DataFrame(people).to_csv(tmp_path / "truth.csv", index=False)
    return tmp_path


def test_a_folder_of_predict_is_compared_with_a_table_and_its_intervals_are_counted(tables, capsys):
    given = ["--predictions", tables / "out_of_predict", "--truth", tables / "truth.csv", "--out", tables / "out"]
    more = ["--table", tables / "truth.csv", "--by", "sex, age", "--edges", "{age: [50, 60]}", "--fewest", 15]
    assert run(*given, *more) == 0
    row = pd.read_csv(tables / "out" / "agreement.csv").iloc[0]
    assert row["N"] == row["coverage N"] == 60
    assert 0.5 < row["coverage"] < 0.8  # half widths of one standard deviation
    assert "Fewer than the promised 90% lie within, beyond chance: LVEF (%)." in capsys.readouterr().out
    groups = pd.read_csv(tables / "out" / "groups.csv")
    ages = groups[groups["by"] == "Age"].drop_duplicates("group").set_index("group")["N"].to_dict()
    assert ages == {"< 50": 19, "50 to < 60": 20, ">= 60": 21}
    assert (tables / "out" / "figures" / "agreement_LVEF.png").is_file()


def test_mistakes_are_one_sentence(tables, folders, capsys):
    table, out = tables / "truth.csv", tables / "o"
    for arguments, sentence in (
        (["--predictions", tables / "none", "--truth", table], "there is no "),
        (["--predictions", table, "--truth", folders / "truth"], "is a folder and .* a table: give two folders, or "),
        (["--predictions", folders / "flat", "--truth", folders / "truth"], "none of the 0 sub-folders"),
        (["--predictions", folders / "flat", "--truth", table], "holds no phenotypes.csv as `predict` writes it"),
        (["--predictions", table, "--truth", table, "--edges", "{Age: [50]}"], "name the table with their ages"),
        (["--predictions", table, "--truth", table, "--fewest", 1], "--fewest 1 makes no sense"),
        (["--predictions", table, "--truth", table, "--table", table, "--by", "smoking"], "holds 'smoking'"),
    ):
        assert run(*arguments, "--out", out) == 1
        assert re.search(sentence, capsys.readouterr().err), arguments
    assert run("--predictions", folders / "flat", "--truth", folders / "truth", "--out", folders / "truth" / "o") == 1
    assert "lies in the folder that is read" in capsys.readouterr().err
