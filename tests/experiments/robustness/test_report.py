import pandas as pd
import pytest

from cmr_ssl.robustness.scenarios import FLAWED, HALF, NAMED, RANDOM, SWAPPED
from experiments.robustness.report import compared, told, write_report
from experiments.robustness.settings import SLICES, Settings
from experiments.robustness.settings import left_out as slices_left_out

COLUMNS = ["kind", "scenario", "planes", "changed", "measure", "of", "value", "low", "high", "N"]


LEFT_OUT = {"region": "base", "model_psnr": 20.0, "nearest_psnr": 15.0, "interpolated_psnr": 16.0}


def write(path, rows, columns=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)


@pytest.fixture
def measured(tmp_path):
    """Return settings whose models have been measured, with values that say which model and scenario they are of."""
    settings = Settings(tmp_path / "evidence")
    scenarios = [
        (RANDOM, "all planes", 0),
        (NAMED, "no LA", 0),
        (FLAWED, "noise", 1),
        (FLAWED, "noise", 3),
        (FLAWED, SWAPPED, 1),
    ]
    whats = [("cosine", "features"), ("identity", "features"), ("MAE", "LVEF (%)"), ("MAE", "LVEDV (mL)")]
    for index, model in enumerate(settings.models):
        rows = [
            (kind, scenario, planes, planes, *what, *[index + number / 10] * 3, 9)
            for number, (kind, scenario, planes) in enumerate(scenarios)
            for what in whats
        ]
        write(model.report / "robustness.csv", rows, COLUMNS)
        if model.pretraining:
            write(model.left_out, [LEFT_OUT | {"model_psnr": value + index} for value in (20.0, 22.0)])
    about = [
        (RANDOM, scenario, 0, 0, measure, "whole heart", 0.91, 0.9, 0.92, 9)
        for scenario in ("all planes", HALF)
        for measure in ("cosine", "identity")
    ]
    write(settings.embeddings / "robustness.csv", about, COLUMNS)
    (settings.embeddings / "worst_900000007.png").write_bytes(b"picture")
    for index, pretraining in enumerate(settings.other_slices.values()):
        for slices in SLICES:
            write(slices_left_out(pretraining, slices), [LEFT_OUT | {"model_psnr": slices + index}])
    for index, pretraining in enumerate(settings.two_views.values()):
        rows = [(*row[:6], index / 10, *row[7:]) for row in about]
        write(pretraining.folder / "report" / "robustness.csv", rows, COLUMNS)
        write(slices_left_out(pretraining), [LEFT_OUT | {"model_psnr": 15.0 + index}])
    write(settings.faults, [{"fault": "late", "faulty planes": 7, "AUROC": 0.934}])
    return settings


@pytest.fixture
def page(measured, tmp_path):
    """Return the page of what has been measured, real hearts and the Dice of full studies included."""
    write(measured.real("as pretrained"), [LEFT_OUT | {"subject": "a", "region": "la_2ch", "model_psnr": 13.0}])
    for index, model in enumerate(measured.segmenters):
        rows = [
            (RANDOM, "4 missing", 4, 4, measure, "", *[value + index / 100] * 3, 9)
            for measure, value in [("Dice", 0.8), ("Dice of full study", 0.9)]
        ]
        write(model.report / "robustness.csv", rows, COLUMNS)
    write_report(measured, tmp_path)
    return (tmp_path / "robustness.md").read_text()


def test_tables_have_a_row_a_scenario_and_a_column_a_model(measured):
    table = pd.read_csv(measured.models[1].report / "robustness.csv")
    cells = compared({"one": table, "two": table.assign(value=7.0)}, "MAE", "LVEF (%)")
    assert list(cells.index) == ["all planes", "no LA", "noise", SWAPPED]
    assert cells.at["noise", "one"] == "1.3 (1.3 to 1.3)"  # three planes flawed
    assert cells.at["no LA", "two"].startswith("7 ")


def test_planes_left_out_are_averaged_by_region(measured):
    pretrained = [model for model in measured.models if model.pretraining]
    cells = told({model.name: pd.read_csv(model.left_out) for model in pretrained})
    assert cells.loc["all planes"].to_dict() == cells.loc["base"].to_dict()
    assert cells.loc["base"].to_dict() == {
        **{model.name: f"{21 + index:.1f}" for index, model in enumerate(pretrained)},
        "nearest": "15.0",
        "interpolated": "16.0",
    }


def test_the_report_says_what_is_there(measured, tmp_path):
    measured.faults.unlink()
    (measured.models[-1].report / "robustness.csv").unlink()
    write_report(measured, tmp_path)
    text = (tmp_path / "robustness.md").read_text()
    assert measured.models[0].name in text
    assert measured.models[-1].name not in text
    assert "Faults" not in text
    assert "real hearts" not in text


def test_the_report_names_every_model_and_what_was_measured_of_each(measured, page, tmp_path):
    assert all(model.name in page for model in measured.models)
    ours, other = measured.segmenters
    dice = " | ".join(f"{value} ({value} to {value})" for value in (0.8, 0.9, 0.81, 0.91))
    for line in (
        "| trained with anatomical positions, 8 slices, 5 epochs | 8.0 | 12.0 |",
        "| trained with grid positions, 12 slices | 11.0 | 15.0 |",
        "| interpolated | 16.0 | 16.0 |",
        "| all planes | 0.910 / 0.91 |",
        "| two views | 0.000 / 0.00 | 15.0 |",
        "| two views, pulled together | 0.100 / 0.10 | 16.0 |",
        "whole heart: cosine 0.910 (0.900 to 0.920), identity 0.910 (0.900 to 0.920).",
        "| late | 7 | 0.934 |",
        "| la_2ch | 13.0 | 15.0 | 16.0 |",  # of real hearts
        f"| scenario | {ours.name} | {ours.name}, full study | {other.name} | {other.name}, full study |",
        f"| 4 missing | {dice} |",
    ):
        assert line in page
    assert (tmp_path / "robustness_worst.png").read_bytes() == b"picture"
    assert "median" not in page
    assert (tmp_path / "robustness.png").stat().st_size > 1000
