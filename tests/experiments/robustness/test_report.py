import pandas as pd
import pytest
import yaml
from benchmarks.robustness import (
    SLICES,
    consistent,
    embeddings_folder,
    faults_file,
    models,
    on_other_slices,
    pretrainings,
    real_file,
    segmenters,
    slices_file,
    views_file,
)
from benchmarks.robustness_report import compared, left_out, write_report

from benchmarks import robustness
from cmr_ssl.robustness.scenarios import FLAWED, HALF, NAMED, RANDOM, SWAPPED
from tests.runs import ROOT

COLUMNS = ["kind", "scenario", "planes", "changed", "measure", "of", "value", "low", "high", "N"]


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Return models that have been measured, with values that say which model and scenario they belong to."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(robustness, "FOLDER", tmp_path)
    found = models()
    scenarios = [
        (RANDOM, "all planes", 0),
        (NAMED, "no LA", 0),
        (FLAWED, "noise", 1),
        (FLAWED, "noise", 3),
        (FLAWED, SWAPPED, 1),
    ]
    for index, model in enumerate(found):
        rows = []
        for number, (kind, scenario, planes) in enumerate(scenarios):
            value = index + number / 10
            for measure, of in [
                ("cosine", "features"),
                ("identity", "features"),
                ("MAE", "LVEF (%)"),
                ("MAE", "LVEDV (mL)"),
            ]:
                rows.append((kind, scenario, planes, planes, measure, of, value, value, value, 9))
        model.report.mkdir(parents=True)
        pd.DataFrame(rows, columns=COLUMNS).to_csv(model.report / "robustness.csv", index=False)
        if model.arm.pretraining:
            row = {"region": "base", "model_psnr": 20.0 + index, "nearest_psnr": 15.0, "interpolated_psnr": 16.0}
            pd.DataFrame([row, row | {"model_psnr": 22.0 + index}]).to_csv(model.left_out, index=False)
    about = [
        (RANDOM, scenario, 0, 0, measure, "whole heart", 0.91, 0.9, 0.92, 9)
        for scenario in ("all planes", HALF)
        for measure in ("cosine", "identity")
    ]
    embeddings_folder().mkdir(parents=True)
    (embeddings_folder() / "worst_900000007.png").write_bytes(b"picture")
    pd.DataFrame(about, columns=COLUMNS).to_csv(embeddings_folder() / "robustness.csv", index=False)
    row = {"region": "base", "model_psnr": 20.0, "nearest_psnr": 15.0, "interpolated_psnr": 16.0}
    for index, pretraining in enumerate(on_other_slices().values()):
        for slices in SLICES:
            file = slices_file(pretraining, slices)
            file.parent.mkdir(parents=True, exist_ok=True)
            pd.DataFrame([row | {"model_psnr": slices + index}]).to_csv(file, index=False)
    for index, pretraining in enumerate(consistent().values()):
        report = views_file(pretraining).parent / "report"
        report.mkdir(parents=True)
        pd.DataFrame(about, columns=COLUMNS).assign(value=index / 10).to_csv(report / "robustness.csv", index=False)
        pd.DataFrame([row | {"model_psnr": 15.0 + index}]).to_csv(views_file(pretraining), index=False)
    pd.DataFrame([{"fault": "late", "faulty planes": 7, "AUROC": 0.934}]).to_csv(faults_file(), index=False)
    return found


def test_models_differ_from_ours_in_one_thing_each(monkeypatch):
    monkeypatch.chdir(ROOT)
    ours, *others = (model.arm for model in models() if model.arm.pretraining)
    assert ours.pretraining.options == ()
    for other in others:
        settings = other.pretraining.options[::2]
        assert settings in {
            ("--model.masking",),
            ("--config",),
            ("--model.encoder.positions",),
        }
        assert all(yaml.safe_load(value) for value in other.pretraining.options[1::2])


def test_brief_pretrainings_end_with_a_validation_that_keeps_a_checkpoint(monkeypatch):
    monkeypatch.chdir(ROOT)
    for pretraining in pretrainings():
        settings = dict(zip(pretraining.options[::2], pretraining.options[1::2], strict=True))
        epochs = int(settings.get("--trainer.max_epochs", 24))
        assert epochs % int(settings.get("--trainer.check_val_every_n_epoch", epochs)) == 0


def test_each_pretraining_is_carried_out_once(monkeypatch):
    monkeypatch.chdir(ROOT)
    folders = [pretraining.folder for pretraining in pretrainings()]
    assert len(folders) == len(set(folders)) == 8


def test_tables_have_a_row_a_scenario_and_a_column_a_model(measured):
    table = pd.read_csv(measured[1].report / "robustness.csv")
    cells = compared({"one": table, "two": table.assign(value=7.0)}, "MAE", "LVEF (%)")
    assert list(cells.index) == ["all planes", "no LA", "noise", SWAPPED]
    assert cells.at["noise", "one"] == "1.3 (1.3 to 1.3)"  # three planes flawed
    assert cells.at["no LA", "two"].startswith("7 ")


def test_planes_left_out_are_averaged_by_region(measured):
    pretrained = [model for model in measured if model.arm.pretraining]
    cells = left_out({model.name: pd.read_csv(model.left_out) for model in pretrained})
    assert cells.loc["all planes"].to_dict() == cells.loc["base"].to_dict()
    assert cells.loc["base"].to_dict() == {
        **{model.name: f"{21 + index:.1f}" for index, model in enumerate(pretrained)},
        "nearest": "15.0",
        "interpolated": "16.0",
    }


def test_the_report_has_real_hearts_where_there_are_any(measured, tmp_path):
    row = {"subject": "a", "region": "la_2ch", "model_psnr": 13.0, "nearest_psnr": 11.0, "interpolated_psnr": 12.0}
    pd.DataFrame([row]).to_csv(real_file("as pretrained"), index=False)
    write_report(measured, tmp_path)
    assert "| la_2ch | 13.0 | 11.0 | 12.0 |" in (tmp_path / "robustness.md").read_text()


def test_the_report_sets_dice_beside_that_of_the_full_study_on_the_same_planes(measured, tmp_path):
    for index, model in enumerate(segmenters()):
        model.report.mkdir(parents=True)
        rows = [
            (RANDOM, "4 missing", 4, 4, measure, "", value, value, value, 9)
            for measure, value in [("Dice", 0.8 + index / 100), ("Dice of full study", 0.9 + index / 100)]
        ]
        pd.DataFrame(rows, columns=COLUMNS).to_csv(model.report / "robustness.csv", index=False)
    write_report(measured, tmp_path)
    ours, other = segmenters()
    text = (tmp_path / "robustness.md").read_text()
    assert f"| scenario | {ours.name} | {ours.name}, full study | {other.name} | {other.name}, full study |" in text
    values = " | ".join(f"{value} ({value} to {value})" for value in (0.8, 0.9, 0.81, 0.91))
    assert f"| 4 missing | {values} |" in text


def test_the_report_says_what_is_there(measured, tmp_path):
    faults_file().unlink()
    (measured[-1].report / "robustness.csv").unlink()
    write_report(measured, tmp_path)
    text = (tmp_path / "robustness.md").read_text()
    assert measured[0].name in text
    assert measured[-1].name not in text
    assert "Faults" not in text


def test_the_report_names_every_model(measured, tmp_path):
    write_report(measured, tmp_path)
    text = (tmp_path / "robustness.md").read_text()
    assert all(model.name in text for model in measured)
    assert "| trained with anatomical positions, 8 slices, 5 epochs | 8.0 | 12.0 |" in text
    assert "| trained with grid positions, 12 slices | 11.0 | 15.0 |" in text
    assert "| interpolated | 16.0 | 16.0 |" in text
    assert "| all planes | 0.910 / 0.91 |" in text
    assert "| two views | 0.000 / 0.00 | 15.0 |" in text
    assert "| two views, pulled together | 0.100 / 0.10 | 16.0 |" in text
    assert "whole heart: cosine 0.910 (0.900 to 0.920), identity 0.910 (0.900 to 0.920)." in text
    assert (tmp_path / "robustness_worst.png").read_bytes() == b"picture"
    assert "median" not in text
    assert "| late | 7 | 0.934 |" in text
    assert "real hearts" not in text
    assert (tmp_path / "robustness.png").stat().st_size > 1000
