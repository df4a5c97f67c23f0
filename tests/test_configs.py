import json

import pytest
import torch
import yaml
from lightning import LightningDataModule, LightningModule
from lightning.pytorch.cli import LightningCLI

import cmr_ssl.lightning_commands  # noqa: F401  (makes the class names of configs known)
from cmr_ssl.cli import main
from cmr_ssl.commands import prepare
from cmr_ssl.data.dataset import sample_shape
from cmr_ssl.masking import needed_planes, visible_tokens
from cmr_ssl.models.tokens import grid_of
from cmr_ssl.preparation.preparation import Preparation
from cmr_ssl.sources.nifti_files import NiftiFiles
from cmr_ssl.tasks import PretrainingTask
from tests.hearts import ENCODER
from tests.runs import ROOT

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
SMALL = Preparation(**yaml.safe_load((ROOT / "configs/preparation/small.yaml").read_text()))
# all others learn from the default preparation, but that the encoder which an alignment gets here has small patches
PREPARATIONS = {"alignment": SMALL, "demo": SMALL, "smoke": SMALL}
REUSING = ("alignment", "diagnosis", "phenotype", "risk", "segmentation")
CPU = ("--trainer.accelerator", "cpu", "--trainer.precision", "32-true")
every_config = pytest.mark.parametrize("path", CONFIGS, ids=[path.stem for path in CONFIGS])


@pytest.fixture(scope="module", params=CONFIGS, ids=[path.stem for path in CONFIGS])
def built(request):
    """Return a configuration's name and what it describes, on the device without memory."""
    # a pretrained encoder is described by its checkpoint, which a configuration does not have
    reused = ["--model.encoder", json.dumps(ENCODER)] if request.param.stem in REUSING else []
    reused += ["--model.decoder", "cmr_ssl.models.CrossAttentionDecoder"] if request.param.stem == "alignment" else []
    with torch.device("meta"):
        made = LightningCLI(
            LightningModule,
            LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            auto_configure_optimizers=False,
            save_config_callback=None,
            seed_everything_default=0,
            run=False,
            args=["--config", str(request.param), *CPU, *reused],
        )
    return request.param.stem, made


def test_there_are_configurations():
    assert {"demo", "pretraining", "pretraining_published", "smoke"} <= {path.stem for path in CONFIGS}
    for folder, names in (
        ("additions", {"robust"}),
        ("fields", {"synthetic", "ukb"}),
        ("policy", {"default"}),
        ("preparation", {"small"}),
        ("scanners", {"default", "balanced_3t", "gradient_echo"}),
        ("sources", {"acdc", "nifti_folder", "sunnybrook"}),
    ):
        assert names <= {path.stem for path in (ROOT / "configs" / folder).glob("*.yaml")}


def test_an_addition_changes_what_it_names_and_nothing_else(capsys):
    def asked(*more):
        with pytest.raises(SystemExit, match="0"):
            main(["fit", "--config", str(ROOT / "configs/pretraining.yaml"), *more, "--print_config"])
        return yaml.safe_load(capsys.readouterr().out)

    plain, robust = asked(), asked("--config", str(ROOT / "configs/additions/robust.yaml"))
    changed = {name: robust["model"]["init_args"].pop(name) for name in ("masking", "corruption")}
    was = {name: plain["model"]["init_args"].pop(name) for name in changed}
    assert plain == robust
    assert changed["masking"][:2] == was["masking"]
    assert was["corruption"] is None
    assert len({flaw["class_path"] for flaw in changed["corruption"]}) == 8


def test_what_a_configuration_describes_can_be_built_and_its_planes_fill_the_budget(built):
    name, made = built
    task, data = made.model, made.datamodule
    if not isinstance(task, PretrainingTask):
        return  # only pretraining has a budget that planes must fill
    preparation = vars(PREPARATIONS.get(name, Preparation()))
    grid = grid_of(torch.empty(sample_shape(preparation, data.views), device="meta"), task.encoder.patch)
    assert data.min_planes >= needed_planes(grid, visible_tokens(grid, task.mask_ratio))


def test_a_configuration_judges_by_something_that_is_logged(built):
    _, made = built
    callbacks = made.trainer.checkpoint_callbacks
    assert [callback.monitor for callback in callbacks if hasattr(callback, "monitor")] == [made.model.monitor]


def test_gradients_are_clipped_by_the_task_alone(built):
    _, made = built
    assert made.trainer.gradient_clip_val is None
    assert made.model.optimisation.clip_norm > 0


def settings_of(folder):
    """Return the files of settings for `prepare` in a folder of ``configs``, as cases of a test."""
    paths = sorted((ROOT / "configs" / folder).glob("*.yaml"))
    return pytest.mark.parametrize("path", paths, ids=[path.stem for path in paths])


@pytest.fixture
def asked(monkeypatch):
    """Return what calls the `prepare` command and tells which source and preparation come out, preparing nothing."""
    calls = []
    monkeypatch.setattr(prepare, "prepare_cohort", lambda *arguments: calls.append(arguments) or 0)

    def ask(option, path):
        assert main(["prepare", "--source", "FOLDER", "--out", "CACHE", option, str(path)]) == 0
        ((source, _, preparation, *_),) = calls
        return source, preparation

    return ask


@settings_of("preparation")
def test_a_preparation_is_what_its_file_says(asked, path):
    _, preparation = asked("--preparation", path)
    assert vars(preparation) == vars(Preparation()) | yaml.safe_load(path.read_text())
    assert preparation != Preparation()


@settings_of("sources")
def test_a_source_has_the_files_its_file_names(asked, path):
    files = asked("--files", path)[0].files
    written = yaml.safe_load(path.read_text())
    assert files.settings() == written


def test_the_files_of_the_field_are_the_default(asked):
    assert asked("--files", ROOT / "configs/sources/nifti_folder.yaml")[0].files == NiftiFiles()


@every_config
def test_a_configuration_begins_with_the_command_that_runs_it(path):
    header = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert any(f"configs/{path.name}" in line or "make demo" in line for line in header)


@every_config
def test_runs_of_different_configurations_lie_in_different_folders(path):
    folders = [yaml.safe_load(one.read_text())["trainer"]["default_root_dir"] for one in CONFIGS]
    assert folders.count(yaml.safe_load(path.read_text())["trainer"]["default_root_dir"]) == 1
