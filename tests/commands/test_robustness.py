"""The command on checkpoints of real runs, one of them trained with every flaw and every way to miss planes."""

import pandas as pd
import pytest

from cmr_ssl.cli import main
from cmr_ssl.cohort.splits import hashed_split
from cmr_ssl.robustness import benchmark
from cmr_ssl.robustness.scenarios import scenarios
from cmr_ssl.tasks.trained import load_task
from tests.caches import COHORT
from tests.corruption.test_base import FLAWS
from tests.runs import config_without_pictures, refusal, run
from tests.untrained import TASKS, write_untrained

TESTED = [subject for subject in COHORT if hashed_split(subject, (0.8, 0.1, 0.1)) == "test"]


@pytest.fixture(scope="module")
def checkpoint(cache, tmp_path_factory):
    """Return a checkpoint of a short run that was trained for missing and flawed planes."""
    folder = tmp_path_factory.mktemp("robust") / "run"
    names = [f"cmr_ssl.corruption.{flaw.__name__}" for flaw in FLAWS]
    rules = [
        f"cmr_ssl.masking.{rule}" for rule in ("RandomMasking", "PlaneDropout", "LongAxisDropout", "StackEndDropout")
    ]
    model = {"corruption": [{"class_path": name, "init_args": {"rate": 0.1}} for name in names]}
    model["masking"] = [{"class_path": rule} for rule in rules]
    config = config_without_pictures(folder, model)
    assert run(cache, folder, "--trainer.max_epochs", "1", config=config) == 0
    return folder / "checkpoints" / "last.ckpt"


def measured(checkpoint, cache, out, *more):
    options = ["--checkpoint", checkpoint, "--cache", cache, "--out", out, "--device", "cpu", *more]
    assert main(["robustness", *map(str, options)]) == 0
    return pd.read_csv(out / "robustness.csv", keep_default_na=False, na_values="")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return tmp_path_factory.mktemp("robustness") / "deep" / "report"


@pytest.fixture(scope="module")
def table(checkpoint, cache, report):
    return measured(checkpoint, cache, report)


def test_every_scenario_is_measured_on_the_test_subjects_of_a_checkpoint_that_knows_its_flaws(table, checkpoint):
    assert [type(flaw) for flaw in load_task(checkpoint).task.corruption] == list(FLAWS)
    kinds = ["kind", "scenario", "planes"]
    assert len(table.drop_duplicates(kinds)) == len(list(scenarios(12, 0)))
    assert set(table["N"]) == {len(TESTED)}
    assert set(table["measure"]) == {"cosine", "identity"}
    assert set(table["of"]) == {"whole heart", "landmarks", "class token", "mean token"}
    full = table[table["scenario"] == "all planes"]
    assert full["value"].to_numpy() == pytest.approx(1, abs=1e-4)
    fewer = table[(table["scenario"] == "all but one") & (table["measure"] == "cosine")]
    assert (fewer["value"] < 0.999).all()
    assert table["value"].notna().all()


def test_the_report_is_complete_and_shows_nobody_but_test_subjects(table, report):
    files = sorted(path.name for path in report.iterdir())
    pictures = [name for name in files if name.startswith(("median", "worst"))]
    assert sorted(set(files) - set(pictures)) == ["robustness.csv", "robustness.md", "robustness.png"]
    assert len(pictures) == 2
    assert {name.split("_")[1].removesuffix(".png") for name in pictures} <= set(TESTED)


def test_the_same_command_says_the_same_and_another_seed_something_else(
    table, checkpoint, cache, tmp_path, monkeypatch
):
    for draw in ("draw_curves", "draw_worst_and_median"):  # pictures are slow
        monkeypatch.setattr(benchmark, draw, lambda *_: None)
    again = measured(checkpoint, cache, tmp_path / "again", "--batch_size", 2)
    other = measured(checkpoint, cache, tmp_path / "other", "--seed", 1)
    assert again["value"].to_numpy() == pytest.approx(table["value"].to_numpy(), abs=2e-2)  # bfloat16 has few digits
    assert abs(other["value"] - table["value"]).max() > 0.02


def test_phenotypes_have_errors_with_intervals(hearts, tmp_path):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "phenotype", depth=1, fractions=(0.4, 0.2, 0.4))
    table = measured(checkpoint, hearts / "cache", tmp_path / "out", "--table", hearts / "cohort" / "phenotypes.csv")
    errors = table[table["measure"] == "MAE"]
    targets = TASKS["phenotype"][1]["targets"]
    assert set(errors["of"]) == set(targets)
    assert (errors["low"] <= errors["value"]).all()
    assert set(table["of"]) - set(targets) == {"features"}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"checkpoint": "nowhere.ckpt"}, "no checkpoint at nowhere.ckpt"),
        ({"table": "nowhere.csv"}, "no table at nowhere.csv"),
        ({"subjects": "1"}, "--subjects 1 and --reference 200 must be 2 or more"),
        ({"cache": "nowhere"}, "nowhere is no prepared cache"),
    ],
)
def test_mistakes_get_one_sentence(changed, sentence, checkpoint, cache, tmp_path, capsys):
    options = {"checkpoint": checkpoint, "cache": cache, "out": tmp_path / "out"} | changed
    assert sentence in refusal(capsys, "robustness", **options)
    assert not (tmp_path / "out").exists()
