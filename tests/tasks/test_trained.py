"""Trained tasks: fine-tuned, tested and used by the command line, on a few synthetic hearts."""

import json
import shutil

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.cli import main
from cmr_ssl.tasks.trained import load_task, task_description
from tests.hearts import ENCODER
from tests.runs import ROOT
from tests.untrained import write_untrained

VIEWS = {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": 12}
BRIEF = ("--model.frames", "2", "--trainer.callbacks.subjects", "1")  # of the last callback: which are drawn


def arguments(verb, config, hearts, folder, *more):
    data = ["--data.cache", hearts / "cache", "--data.workers", 0, "--data.batch_size", 2]
    data += ["--data.fractions", "[0.5, 0.25, 0.25]"]
    if config.startswith("phenotype"):
        data += ["--data.table", hearts / "cohort" / "phenotypes.csv"]
    trainer = ["--trainer.default_root_dir", folder, "--trainer.max_epochs", 1, "--trainer.accelerator", "cpu"]
    trainer += ["--trainer.enable_progress_bar", "false", "--trainer.enable_model_summary", "false"]
    trainer += ["--trainer.precision", "32-true"]
    more = [*data, *trainer, *small(config), *more]
    return [verb, "--config", str(ROOT / "configs" / f"{config}.yaml"), *map(str, more)]


def small(config):
    """Return what makes a configuration tiny: its networks, or its targets and passes before the first step."""
    return {
        "phenotype": ["--model.targets", "[LVEF (%), LVEDV (mL)]", "--model.head_start.copies", "1"],
        "phenotype_resnet": ["--model.network.width", "8", "--model.targets", "[LVEF (%), LVEDV (mL)]"],
        "segmentation": ["--model.head.channels", "4", *BRIEF],
        "segmentation_unet": ["--model.network.channels", "4", *BRIEF],
    }[config]


def some_of(hearts, subjects, folder):
    """Return a folder of links to the studies of a few hearts."""
    folder.mkdir()
    for subject in map(str, subjects):
        (folder / subject).symlink_to(hearts / "cohort" / subject)
    return folder


@pytest.fixture(scope="session")
def pretrained(hearts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pretraining") / "run"
    config = yaml.safe_load((ROOT / "configs" / "smoke.yaml").read_text())
    config["model"]["init_args"]["encoder"] = ENCODER
    config["data"] |= {"cache": str(hearts / "cache"), "views": VIEWS, "min_planes": 5}
    config["data"] |= {"fractions": [0.5, 0.25, 0.25], "batch_size": 2}
    config["trainer"] |= {"default_root_dir": str(folder), "accelerator": "cpu", "max_epochs": 1}
    config["trainer"]["callbacks"] = config["trainer"]["callbacks"][:2]
    path = folder.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(config))
    assert main(["fit", "--config", str(path), "--trainer.enable_progress_bar", "false"]) == 0
    return folder / "checkpoints" / "best.ckpt"


@pytest.fixture(scope="session")
def fitted(hearts, pretrained, tmp_path_factory):
    """Return the folders of finished runs by configuration."""
    folders = {}
    for config in ("phenotype", "segmentation"):
        folders[config] = tmp_path_factory.mktemp("runs") / config
        reuse = ["--model.encoder_checkpoint", pretrained]
        assert main(arguments("fit", config, hearts, folders[config], *reuse)) == 0
        assert main(arguments("test", config, hearts, folders[config], "--ckpt_path", "best")) == 0
    return folders


def test_fine_tuning_moves_the_encoder_and_freezing_some_blocks_keeps_those(hearts, pretrained, tmp_path):
    some = ["--model.encoder_checkpoint", pretrained, "--model.freeze", "1"]
    assert main(arguments("fit", "phenotype", hearts, tmp_path / "run", *some)) == 0
    before = load_encoder(pretrained).encoder.state_dict()
    after = load_encoder(tmp_path / "run" / "checkpoints" / "last.ckpt").encoder.state_dict()
    moved = {name.split(".")[1] for name in before if "blocks" in name and not torch.equal(before[name], after[name])}
    assert moved == {"1"}


def test_a_run_is_resumed_and_tested_without_naming_the_encoder_again(hearts, fitted, tmp_path):
    folder = tmp_path / "phenotype"
    shutil.copytree(fitted["phenotype"], folder)
    resumed = arguments("fit", "phenotype", hearts, folder, "--ckpt_path", "last", "--trainer.max_epochs", "2")
    assert main(resumed) == 0
    last = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    assert last["epoch"] == 1
    assert last["hyper_parameters"]["encoder"]["init_args"]["width"] == 32


def test_a_scratch_arm_has_positions_and_other_weights(hearts, pretrained, tmp_path):
    scratch = ["--model.encoder", json.dumps(ENCODER)]
    assert main(arguments("fit", "phenotype", hearts, tmp_path / "run", *scratch)) == 0
    scratched = load_encoder(tmp_path / "run" / "checkpoints" / "last.ckpt").encoder
    before = load_encoder(pretrained).encoder
    assert type(scratched.positions) is type(before.positions)
    assert scratched.state_dict().keys() == before.state_dict().keys()
    assert not torch.equal(scratched.blocks[0].mlp[0].weight, before.blocks[0].mlp[0].weight)


@pytest.mark.parametrize("config", ["phenotype_resnet", "segmentation_unet"])
def test_the_baselines_run_in_the_same_harness(config, hearts, tmp_path):
    assert main(arguments("fit", config, hearts, tmp_path / "run")) == 0
    assert main(arguments("test", config, hearts, tmp_path / "run", "--ckpt_path", "best")) == 0
    assert (tmp_path / "run" / "test" / "agreement.csv").is_file()


def test_phenotypes_are_reported_in_physical_units_with_intervals_and_pictures(fitted):
    folder = fitted["phenotype"]
    agreement = pd.read_csv(folder / "test" / "agreement.csv").set_index("target")
    predicted = pd.read_csv(folder / "test" / "predicted.csv")
    error = (predicted["predicted LVEDV (mL)"] - predicted["true LVEDV (mL)"]).abs().mean()
    assert agreement.loc["LVEDV (mL)", "MAE"] == pytest.approx(error, rel=1e-3)
    assert predicted["true LVEDV (mL)"].between(50, 400).all()
    assert predicted["predicted LVEDV (mL)"].between(20, 500).all()
    assert (folder / "figures" / "agreement_LVEDV.png").is_file()


@pytest.fixture
def diagnoses(hearts, tmp_path):
    """Return a table that calls the larger half of the hearts dilated, all but one of them."""
    cohort = pd.read_csv(hearts / "cohort" / "phenotypes.csv")
    large = cohort["LVEDV (mL)"] > cohort["LVEDV (mL)"].median()
    table = pd.DataFrame({"eid": cohort["eid"], "Diagnosis": np.where(large, "dilated", "normal")})
    table.loc[0, "Diagnosis"] = None
    table.to_csv(tmp_path / "diagnoses.csv", index=False)
    return tmp_path / "diagnoses.csv"


def test_a_diagnosis_is_learnt_tested_and_predicted(hearts, pretrained, diagnoses, tmp_path):
    objective = "{class_path: cmr_ssl.tasks.Classification, init_args: {classes: [normal, dilated]}}"
    options = ["--model.targets", "[Diagnosis]", "--model.objective", objective, "--data.table", diagnoses]
    reuse = ["--model.encoder_checkpoint", pretrained]
    folder = tmp_path / "run"
    assert main(arguments("fit", "phenotype", hearts, folder, *options, *reuse)) == 0
    assert main(arguments("test", "phenotype", hearts, folder, *options, "--ckpt_path", "best")) == 0
    true = pd.read_csv(diagnoses, index_col="eid")["Diagnosis"]
    tested = pd.read_csv(folder / "test" / "predicted.csv", index_col="subject")
    assert tested["true"].fillna("").tolist() == true.fillna("")[tested.index].tolist()
    np.testing.assert_allclose(tested[["P(normal)", "P(dilated)"]].sum(axis=1), 1, atol=1e-4)
    (agreement,) = pd.read_csv(folder / "test" / "agreement.csv").to_dict("records")
    assert agreement["target"] == "Diagnosis"
    source, out = some_of(hearts, tested.index[:1], tmp_path / "source"), tmp_path / "out"
    checkpoint = folder / "checkpoints" / "best.ckpt"
    assert main(["predict", "--checkpoint", str(checkpoint), "--source", str(source), "--out", str(out)]) == 0
    found = pd.read_csv(out / "phenotypes.csv", index_col="subject")["P(dilated)"]
    np.testing.assert_allclose(found, tested["P(dilated)"][:1], atol=0.02)  # bfloat16, where there is one


def test_label_maps_are_reported_by_structure_view_and_phase_with_volumes_and_overlays(fitted):
    folder = fitted["segmentation"]
    overlap = pd.read_csv(folder / "test" / "overlap.csv")
    assert {"LV", "myocardium", "RV", "LA", "RA"} == set(overlap["structure"])
    assert {"ED", "ES"} == set(overlap["phase"])
    assert {"sa", "la_2ch", "la_3ch", "la_4ch", "all"} == set(overlap["view"])
    volumes = pd.read_csv(folder / "test" / "volumes.csv")
    assert volumes["true LVEDV (mL)"].between(50, 400).all()
    assert list((folder / "figures").glob("segmentation_*.png"))


def test_checkpoints_of_tasks_hold_no_paths_and_no_ids(fitted, hearts):
    for folder in fitted.values():
        content = (folder / "checkpoints" / "best.ckpt").read_bytes()
        assert str(hearts).encode() not in content
        assert b"90000000" not in content
        assert b".csv" not in content


def test_new_subjects_need_only_the_checkpoint(fitted, hearts, tmp_path):
    checkpoint = fitted["phenotype"] / "checkpoints" / "best.ckpt"
    tested = pd.read_csv(fitted["phenotype"] / "test" / "predicted.csv").set_index("subject")[:1]
    source, out = some_of(hearts, tested.index, tmp_path / "source"), tmp_path / "out"
    assert main(["predict", "--checkpoint", str(checkpoint), "--source", str(source), "--out", str(out)]) == 0
    table = pd.read_csv(out / "phenotypes.csv").set_index("subject")
    for subject in tested.index:
        expected = tested.loc[subject, "predicted LVEDV (mL)"]
        assert table.loc[subject, "LVEDV (mL)"] == pytest.approx(expected, rel=0.02)  # bfloat16, where there is one


def test_label_maps_lie_on_the_grid_of_the_images(fitted, hearts, tmp_path):
    checkpoint, cohort = fitted["segmentation"] / "checkpoints" / "best.ckpt", hearts / "cohort"
    source, out = some_of(hearts, ["900000001"], tmp_path / "source"), tmp_path / "out"
    assert main(["predict", "--checkpoint", str(checkpoint), "--source", str(source), "--out", str(out)]) == 0
    for view in VIEWS:
        image = nib.load(cohort / "900000001" / f"{view}.nii.gz")
        labels = nib.load(out / "900000001" / f"seg6_{view}.nii.gz")
        assert labels.shape == image.shape
        np.testing.assert_allclose(labels.affine, image.affine, atol=1e-3)
        assert labels.header.get_zooms()[3] == pytest.approx(image.header.get_zooms()[3], rel=1e-4)
    assert (out / "900000001" / "overlay.png").is_file()
    line = pd.read_csv(out / "phenotypes.csv", keep_default_na=False).iloc[0]
    for name in ("LVEDV (mL)", "LAV max (mL)"):
        assert (line[name] == "") == (name in line["Not measurable"])


def test_a_batch_of_two_says_what_two_batches_of_one_say(fitted, hearts):
    from torch.utils.data import default_collate

    from cmr_ssl.data.datamodule import CineDataModule

    data = CineDataModule(str(hearts / "cache"), VIEWS, workers=0, labels=True)
    data.setup("predict")
    dataset = data.dataset(data.subjects["train"][:2])
    two = default_collate([dataset[0], dataset[1]])
    for folder in fitted.values():
        task = load_task(folder / "checkpoints" / "best.ckpt").task
        with torch.inference_mode():
            whole = two._replace(images=two.images.float() / 255)
            both = task.predict_step(whole)
            for index in range(2):
                one = default_collate([dataset[index]])
                alone = task.predict_step(one._replace(images=one.images.float() / 255))
                same = (alone[0] == both[index]).float().mean() if both.dtype == torch.uint8 else None
                if same is None:
                    torch.testing.assert_close(alone[0], both[index], rtol=1e-4, atol=1e-3)
                else:
                    assert same > 0.9999


@pytest.mark.parametrize(
    ("config", "more", "sentence"),
    [
        ("phenotype", [], "which encoder? Name a checkpoint"),
        ("phenotype", ["--model.encoder", json.dumps(ENCODER), "--data.batch_size", "1"], "batch_size 2 or more"),
        ("segmentation", ["--model.encoder", json.dumps(ENCODER), "--data.labels", "false"], "needs label maps"),
        ("phenotype", ["--model.encoder", json.dumps(ENCODER), "--model.targets", "[LVXY]"], "LVXY"),
        ("phenotype", ["--model.encoder", json.dumps(ENCODER), "--model.freeze", "7"], "has 2 blocks"),
    ],
)
def test_mistakes_get_one_sentence_before_training(config, more, sentence, hearts, tmp_path, capsys):
    assert main(arguments("fit", config, hearts, tmp_path / "run", *more)) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said


def test_a_setting_of_an_earlier_version_is_no_obstacle_where_it_was_off(tmp_path):
    path = write_untrained(tmp_path / "best.ckpt", "pretraining")
    stored = torch.load(path, weights_only=True)
    for value in (None, {"weight": 0.1}):
        torch.save(stored | {"hyper_parameters": stored["hyper_parameters"] | {"beat": value}}, path)
        if value is None:
            assert load_task(path).task.state_dict().keys() == stored["state_dict"].keys()
    with pytest.raises(ValueError, match=r"this version does not know: .*beat.* is not accepted") as raised:
        load_task(path)
    assert len(str(raised.value)) < 600


def test_a_pretraining_checkpoint_predicts_nothing(pretrained, hearts, tmp_path, capsys):
    options = ["--source", str(hearts / "cohort"), "--out", str(tmp_path / "out")]
    assert main(["predict", "--checkpoint", str(pretrained), *options]) == 1
    assert "predicts nothing: fine-tune it" in capsys.readouterr().err


def test_settings_that_no_longer_matter_are_left_out_of_what_an_old_checkpoint_describes():
    stored = {"_class_path": "cmr_ssl.tasks.AlignmentTask", "head_start": {"epochs": 3}, "beat": None, "width": 8}
    described = task_description({"hyper_parameters": stored})
    assert described == {"class_path": "cmr_ssl.tasks.AlignmentTask", "init_args": {"width": 8}}
    stored = {"_class_path": "cmr_ssl.tasks.PhenotypeTask", "head_start": {"copies": 3}, "beat": 0.5}
    assert task_description({"hyper_parameters": stored})["init_args"] == {"head_start": {"copies": 3}, "beat": 0.5}
