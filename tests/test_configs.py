"""Every configuration can be built, says how it is run, and repeats nothing."""

import json
from collections import Counter

import pytest
import torch
import yaml

from cmr_ssl.callbacks import BestCheckpoint
from cmr_ssl.cli import main
from cmr_ssl.commands import prepare
from cmr_ssl.data.dataset import sample_shape
from cmr_ssl.lightning_commands import build
from cmr_ssl.masking import needed_planes, visible_tokens
from cmr_ssl.models.tokens import grid_of
from cmr_ssl.preparation.preparation import Preparation
from cmr_ssl.shipped import layered
from cmr_ssl.sources.nifti_files import NiftiFiles
from cmr_ssl.tasks import DistillationTask, PretrainingTask
from cmr_ssl.tasks.line_task import LineTask
from tests.hearts import ENCODER
from tests.runs import ROOT

CONFIGS = ROOT / "configs"
TRAINED = (".", "evidence", "kspace", "real_hearts")
EXPERIMENTS = sorted(
    path for folder in TRAINED for path in (CONFIGS / folder).glob("*.yaml") if path.name != "defaults.yaml"
)
SMALL = Preparation(**yaml.safe_load((CONFIGS / "preparation/small.yaml").read_text()))
REAL = Preparation(**yaml.safe_load((CONFIGS / "preparation/real.yaml").read_text()))
# all others learn from the default preparation, but that the encoder which an alignment gets here has small patches
PREPARATIONS = dict.fromkeys(("alignment", "alignment_contrastive", "demo", "smoke", "evidence/pretraining"), SMALL)
PREPARATIONS["real_hearts/pretraining"] = REAL
LINES = yaml.safe_load((CONFIGS / "kspace/pretraining.yaml").read_text())["model"]["init_args"]["encoder"]
DECODER = ["--model.decoder", "cmr_ssl.models.CrossAttentionDecoder"]
CPU = ("--data.cache", "CACHE", "--trainer.accelerator", "cpu", "--trainer.precision", "32-true")


def name(path):
    return str(path.relative_to(CONFIGS).with_suffix(""))


every_experiment = pytest.mark.parametrize("path", EXPERIMENTS, ids=map(name, EXPERIMENTS))


@pytest.fixture(scope="module")
def parser():
    """Return the parser of `fit`, which costs more to make than to use."""
    return build(["--config", str(CONFIGS / "smoke.yaml"), *CPU]).parser


@pytest.fixture(scope="module", params=EXPERIMENTS, ids=map(name, EXPERIMENTS))
def built(request, parser):
    """Return a configuration's name and what it describes, on the device without memory."""
    described = yaml.safe_load(request.param.read_text())["model"]
    reused = []
    if "encoder" not in described["init_args"] and not described["class_path"].endswith("Baseline"):
        # a pretrained encoder is described by its checkpoint, which a configuration does not have
        encoder = LINES if ".Line" in described["class_path"] else ENCODER
        reused = ["--model.encoder", json.dumps(encoder), *(DECODER if "Alignment" in described["class_path"] else [])]
    config = parser.parse_args(layered(["--config", str(request.param), *CPU, *reused]))
    with torch.device("meta"):
        return name(request.param), parser.instantiate(config)


def test_what_a_configuration_describes_can_be_built_and_its_planes_fill_the_budget(built):
    path, made = built
    task, data = made.model, made.data
    assert isinstance(task, LineTask | DistillationTask) == path.startswith("kspace/")
    if isinstance(task, PretrainingTask):  # which has a budget that planes must fill
        preparation = vars(PREPARATIONS.get(path, Preparation()))
        grid = grid_of(torch.empty(sample_shape(preparation, data.views), device="meta"), task.encoder.patch)
        assert data.min_planes >= needed_planes(grid, visible_tokens(grid, task.mask_ratio))


def test_the_best_checkpoint_and_how_gradients_are_clipped_are_chosen_by_the_task_alone(built):
    _, made = built
    (best,) = (callback for callback in made.trainer.callbacks if isinstance(callback, BestCheckpoint))
    assert best.monitor is None
    assert made.model.monitor.startswith("val/")
    assert made.trainer.gradient_clip_val is None
    assert made.model.optimisation.clip_norm > 0


def test_callbacks_are_appended_to_those_that_all_trainings_share(built):
    path, made = built
    asked = yaml.safe_load((CONFIGS / f"{path}.yaml").read_text())["trainer"]
    shared = yaml.safe_load((CONFIGS / "defaults.yaml").read_text())["trainer"]["callbacks"]
    names = [type(callback).__name__ for callback in made.trainer.callbacks]
    if "callbacks" not in asked:
        assert names[: len(shared)] == [callback["class_path"].rpartition(".")[2] for callback in shared]
        assert (len(names) > len(shared)) == ("callbacks+" in asked)


@every_experiment
def test_a_configuration_begins_with_the_command_that_runs_it(path):
    header = " ".join(line for line in path.read_text().splitlines() if line.startswith("#"))
    elsewhere = {"demo": "make demo", "evidence": "make evidence", "real_hearts": ".real_hearts --source FOLDER"}
    assert elsewhere.get(name(path), elsewhere.get(path.parent.name, f"configs/{name(path)}.yaml")) in header
    assert ("SIMULATED" in header) == (path.parent.name == "kspace")


def test_runs_of_different_configurations_lie_in_different_folders_and_only_the_demo_says_where_data_lie():
    folders = [yaml.safe_load(path.read_text())["trainer"]["default_root_dir"] for path in EXPERIMENTS]
    assert len({*folders}) == len(EXPERIMENTS)
    data = {name(path): yaml.safe_load(path.read_text()).get("data", {}) for path in EXPERIMENTS}
    assert [path for path, settings in data.items() if {"cache", "table"} & {*settings}] == ["demo"]


def leaves(value):
    """Yield the values inside of mappings and lists."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    yield from [value] if inner is None else (leaf for one in inner for leaf in leaves(one))


def blocks(value):
    """Yield the parts of a file that need more than a line: mappings and lists that hold others, or many values."""
    inner = [] if not isinstance(value, dict | list) else list(value.values() if isinstance(value, dict) else value)
    if len([*leaves(value)]) > (2 if any(isinstance(one, dict | list) for one in inner) else 6):
        yield json.dumps(value, sort_keys=True)
    for one in inner:
        yield from blocks(one)


def test_nothing_is_written_three_times():
    files = [path for path in CONFIGS.glob("**/*.yaml") if path.parent.name != "fields"]  # a field is a line
    counts = Counter(block for path in files for block in {*blocks(yaml.safe_load(path.read_text()))})
    assert {block for block, count in counts.items() if count > 2} == set()


def printed(capsys, *arguments):
    """Return the text that `fit --print_config` prints."""
    with pytest.raises(SystemExit, match="0"):
        main(["fit", *map(str, arguments), "--print_config"])
    return capsys.readouterr().out


def test_what_is_printed_is_whole_and_can_be_read_anywhere(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["--data.cache", "C", "--model.encoder.init_args.depth", "4", "--trainer.max_epochs", "3"]
    whole = printed(capsys, "--config", "pretraining", *options)
    assert ".yaml" not in whole
    (tmp_path / "config.yaml").write_text(whole)
    assert printed(capsys, "--config", "config.yaml") == whole
    described = yaml.safe_load(whole)
    assert described["model"]["init_args"]["encoder"]["init_args"].items() >= {("depth", 4), ("width", 1024)}
    assert described["trainer"]["max_epochs"] == 3
    assert len(described["trainer"]["callbacks"]) == 7


def test_an_addition_changes_what_it_names_and_nothing_else(parser):
    words = [*CPU, "--config", str(CONFIGS / "pretraining.yaml")]
    addition = ["--config", str(CONFIGS / "additions/robust.yaml")]
    plain, robust = (parser.parse_args(layered(named)).as_dict() for named in (words, words + addition))
    assert plain.pop("config") == robust.pop("config")[:-1]
    changed = {key: robust["model"]["init_args"].pop(key) for key in ("masking", "corruption")}
    was = {key: plain["model"]["init_args"].pop(key) for key in changed}
    assert plain == robust
    assert changed["masking"][:2] == was["masking"]
    assert was["corruption"] is None
    assert len({flaw["class_path"] for flaw in changed["corruption"]}) == 8


@pytest.mark.parametrize("name", ["probe", "complete"])
def test_an_addition_to_phenotypes_keeps_what_it_does_not_name(parser, name):
    named = ["phenotype.yaml", f"additions/{name}.yaml"]
    words = [*CPU, *(word for file in named for word in ("--config", str(CONFIGS / file)))]
    task = parser.parse_args(layered(words)).as_dict()["model"]["init_args"]
    assert task["targets"][0] == "LVEF (%)"
    assert task["optimisation"]["layer_decay"] == 0.75
    assert (task["freeze"] == "encoder") == (name == "probe")
    assert (len(task["masking"]), task["mask_ratio"]) == ((1, 0.2) if name == "complete" else (2, 0.6))


def test_a_cache_has_to_be_named(capsys):
    assert main(["fit", "--config", "smoke"]) == 1
    assert "--data.cache CACHE" in capsys.readouterr().err


def settings_of(folder):
    """Return the files of settings for `prepare` in a folder of ``configs``, as cases of a test."""
    paths = sorted((CONFIGS / folder).glob("*.yaml"))
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
    assert asked("--files", CONFIGS / "sources/nifti_folder.yaml")[0].files == NiftiFiles()
