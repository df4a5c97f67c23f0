import os
import shutil
from functools import partial
from zipfile import ZipFile

import pytest
import torch

from cmr_ssl.callbacks.kept_checkpoints import checkpoint_file
from cmr_ssl.cli import main
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.lightning_commands import check_unused, find_checkpoint, requeued
from cmr_ssl.lock import exclusive_access
from cmr_ssl.preparation.cache import subject_file
from tests.caches import COHORT, write_cache
from tests.runs import SMOKE, config_without_pictures, in_a_child, probe, run


@pytest.fixture
def started(finished_run, tmp_path):
    """Return a copy of a finished run that a test may go on with."""
    return shutil.copytree(finished_run, tmp_path / "run")


def state(folder, name="last"):
    return torch.load(checkpoint_file(folder, name), weights_only=True)


def same(one, other):
    """Tell whether two nested states are equal bit for bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


def assert_same(one, other):
    """Compare where two trainings ended."""
    for part in ("epoch", "global_step", "state_dict", "optimizer_states", "lr_schedulers"):
        assert same(one[part], other[part]), part


def fails(capsys, *arguments, **options):
    """Run, expect failure, and return the one sentence it ends with."""
    assert run(*arguments, **options) == 1
    *_, error = capsys.readouterr().err.partition("error: ")
    assert error.count("\n") == 1, "one line"
    return error


def test_a_run_repeats_exactly_and_another_seed_is_another_run(cache, finished_run, tmp_path):
    assert run(cache, tmp_path / "again") == 0
    assert_same(state(tmp_path / "again"), state(finished_run))
    assert run(cache, tmp_path / "other", "--seed_everything", "1") == 0
    assert not same(state(tmp_path / "other")["state_dict"], state(finished_run)["state_dict"])


def test_a_run_killed_in_mid_epoch_and_resumed_ends_as_if_it_had_not_been(cache, finished_run, tmp_path):
    folder = tmp_path / "killed"
    assert in_a_child(partial(run, cache, folder, *probe("Killer", step=7))) == -9
    assert state(folder)["global_step"] == 6
    assert run(cache, folder, "--ckpt_path", "last") == 0
    assert_same(state(folder), state(finished_run))
    assert same(state(folder, "best")["state_dict"], state(finished_run, "best")["state_dict"])


@pytest.mark.parametrize("step", [2, 3])  # in the middle and in the last step of an epoch
def test_a_run_told_to_end_saves_its_last_step_fails_and_goes_on(cache, finished_run, tmp_path, step):
    folder = tmp_path / "ended"
    assert run(cache, folder, *probe("Terminator", step=step)) == 143
    assert state(folder)["global_step"] == step + 1
    assert run(cache, folder, "--ckpt_path", "last") == 0
    assert_same(state(folder), state(finished_run))


def validated(folder):
    """Return what a run logged of its validations: step to PSNR."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return {event.step: event.value for event in events.Scalars("val/psnr_hidden")}


def test_a_run_told_to_end_in_validation_loses_no_step(cache, tmp_path):
    config = config_without_pictures(tmp_path / "epochs")
    config.write_text(config.read_text().replace("every_n_steps: 2", "every_n_steps: 100"))
    more, options = ["--data.fractions", "[0.5, 0.4, 0.1]"], {"config": config}
    assert run(cache, tmp_path / "whole", *more, **options) == 0
    folder = tmp_path / "ended"
    assert run(cache, folder, *more, *probe("Terminator", step=3, validation=True), **options) == 143
    assert state(folder)["global_step"] == 3
    assert run(cache, folder, *more, "--ckpt_path", "last", **options) == 0
    assert_same(state(folder), state(tmp_path / "whole"))
    whole = validated(tmp_path / "whole")
    assert validated(folder) == pytest.approx({max(whole): whole[max(whole)]}), "what was cut off is not judged by half"


def test_epochs_that_are_cut_short_go_on_with_the_next_one(cache, tmp_path):
    short = ["--trainer.limit_train_batches", "2", "--ckpt_path", "auto"]
    assert run(cache, tmp_path / "at once", *short) == 0
    assert in_a_child(partial(run, cache, tmp_path / "killed", *short, *probe("Killer", step=3))) == -9
    assert state(tmp_path / "killed")["global_step"] == 2
    assert run(cache, tmp_path / "killed", *short) == 0
    assert same(state(tmp_path / "killed")["state_dict"], state(tmp_path / "at once")["state_dict"])


def test_only_one_process_trains_in_a_run_folder(cache, tmp_path, capsys):
    with exclusive_access(tmp_path / "run", "another process"):
        error = fails(capsys, cache, tmp_path / "run")
    assert f"{tmp_path / 'run'} is being written by process {os.getpid()} on " in error
    assert "--trainer.default_root_dir" in error
    assert run(cache, tmp_path / "run", "--trainer.max_epochs", "1") == 0


def test_training_on_a_cache_that_is_being_prepared_says_what_it_sees(tmp_path, caplog, capsys):
    cache = write_cache(tmp_path / "cache", COHORT)
    with exclusive_access(cache, "a"):
        assert run(cache, tmp_path / "run", "--trainer.max_epochs", "1") == 0
        assert f"is being prepared by process {os.getpid()} on" in caplog.text
        assert f"the {len(COHORT)} subjects of its table of before" in caplog.text
        (cache / "cohort.parquet").unlink()
        error = fails(capsys, cache, tmp_path / "another")
    assert f"process {os.getpid()} on" in error
    assert f"has done {len(COHORT)} subjects" in error


@pytest.mark.parametrize(("command", "split"), [("validate", "val"), ("test", "test")])
def test_a_checkpoint_is_measured_on_its_split(cache, started, capsys, command, split):
    assert run(cache, started, "--ckpt_path", "best", command=command) == 0
    printed = capsys.readouterr()
    assert f"{split}/psnr_hidden" in printed.out
    assert "subjects: 18 train, 3 val, 3 test" in printed.err


def test_resuming_with_another_model_is_refused_and_says_all_that_differs(cache, started, capsys):
    before = checkpoint_file(started, "last").read_bytes()
    changes = ["--model.optimisation.learning_rate", "0.5", "--model.encoder.init_args.depth", "3"]
    error = fails(capsys, cache, started, "--ckpt_path", "last", *changes, "--model.decoder", "SelfAttentionDecoder")
    for named in ("optimisation.learning_rate", "encoder.init_args.depth", "decoder.class_path"):
        assert f"model.init_args.{named}" in error
    assert "resume with the same config, or start a new run" in error
    assert checkpoint_file(started, "last").read_bytes() == before


def test_a_checkpoint_of_another_class_is_refused(cache, started, capsys):
    path = checkpoint_file(started, "last")
    content = state(started)
    content["hyper_parameters"]["_class_path"] = "lightning.pytorch.demos.boring_classes.BoringModel"
    torch.save(content, path)
    error = fails(capsys, cache, started, "--ckpt_path", "last")
    assert "PretrainingTask instead of lightning.pytorch.demos.boring_classes.BoringModel" in error


def test_a_folder_that_holds_a_run_is_not_overwritten_whoever_launches(cache, started, capsys, monkeypatch):
    monkeypatch.setenv("SLURM_PROCID", "0")
    before = checkpoint_file(started, "last").read_bytes()
    assert f"{started} already holds a run: resume it with --ckpt_path last" in fails(capsys, cache, started)
    assert checkpoint_file(started, "last").read_bytes() == before


def test_auto_starts_a_run_and_goes_on_with_it(cache, tmp_path, started):
    assert run(cache, tmp_path / "new", "--ckpt_path", "auto", "--trainer.max_epochs", "1") == 0
    assert state(tmp_path / "new")["global_step"] == 4
    assert run(cache, started, "--ckpt_path", "auto", "--trainer.max_epochs", "3") == 0
    assert state(started)["global_step"] == 12


def test_auto_takes_the_newest_of_what_a_run_and_a_requeued_job_left(started):
    last, requeued = checkpoint_file(started, "last"), started / "hpc_ckpt_1.ckpt"
    shutil.copy(last, requeued)
    os.utime(requeued, (0, 0))
    assert find_checkpoint(str(started), "auto") == str(last)
    os.utime(requeued)
    assert find_checkpoint(str(started), "auto") == str(requeued)
    last.unlink()
    assert find_checkpoint(str(started), "auto") == str(requeued)
    with pytest.raises(FileExistsError, match="already holds a run"):
        check_unused(str(started))


def test_the_same_command_goes_on_where_slurm_starts_it_again(cache, started, capsys, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    assert "already holds a run" in fails(capsys, cache, started)
    assert requeued(str(started), {"SLURM_JOB_ID": "77", "SLURM_RESTART_COUNT": "1"})
    checkpoint_file(started, "last").rename(started / "hpc_ckpt_1.ckpt")
    assert requeued(str(started), os.environ)
    assert not requeued(str(started), {})
    assert run(cache, started, "--trainer.max_epochs", "3") == 0
    assert state(started)["global_step"] == 12


def test_resuming_what_was_never_started_is_one_sentence(cache, tmp_path, capsys):
    error = fails(capsys, cache, tmp_path / "new", "--ckpt_path", "last")
    assert "no checkpoint at" in error


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: torch.save({"state_dict": {}}, path),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: ZipFile(path, "w").writestr("hello.txt", "hello"),
    ],
    ids=["of others", "half", "an archive"],
)
def test_resuming_from_what_is_no_run_is_one_sentence(cache, started, capsys, spoil):
    path = checkpoint_file(started, "last")
    spoil(path)
    assert str(path) in fails(capsys, cache, started, "--ckpt_path", str(path))


@pytest.mark.parametrize("command", ["validate", "test"])
def test_only_a_trained_model_is_measured_and_applied(cache, started, capsys, command):
    error = fails(capsys, cache, started, command=command)
    assert error.startswith(f"{command} needs a trained model: add --ckpt_path")
    assert not (started / "embeddings.parquet").exists()


def test_resuming_with_another_split_is_refused(cache, started, capsys):
    before = checkpoint_file(started, "last").read_bytes()
    error = fails(capsys, cache, started, "--ckpt_path", "last", "--data.fractions", "[0.7, 0.2, 0.1]")
    assert "trained with split" in error
    assert "[0.8, 0.1, 0.1]" in error
    assert "[0.7, 0.2, 0.1]" in error
    assert checkpoint_file(started, "last").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (["--data.cache", "/nowhere/cache"], "/nowhere/cache is no prepared cache"),
        (["--model.encoder.init_args.patch", "[3, 8, 8]"], r"patch (3, 8, 8) does not divide the 8 frames"),
        (["--data.min_planes", "3"], "set --data.min_planes 4 or raise the mask_ratio"),
        (["--model.mask_ratio", "1.0"], "mask_ratio 1.0 leaves 0 of 96 tokens visible"),
        (["--trainer.max_epochs", "-1"], "set --trainer.max_epochs or --trainer.max_steps"),
        (["--trainer.devices", "8", "--trainer.num_nodes", "4"], "nothing starts this command on the others"),
        (["--trainer.accelerator", "tpu"], "can not run on your system"),
        (["--trainer.overfit_batches", "1"], "set --data.train_subjects to a few instead"),
    ],
)
def test_bad_input_is_one_sentence_before_training_starts(cache, tmp_path, capsys, change, sentence):
    assert sentence in fails(capsys, cache, tmp_path / "run", *change)
    assert not checkpoint_file(tmp_path / "run", "last").exists()


def test_a_split_whose_prepared_files_are_gone_is_one_sentence(cache, tmp_path, capsys):
    there = shutil.copytree(cache, tmp_path / "cache")
    data = CineDataModule(str(there), {"sa": 9})
    data.setup("fit")
    for subject in data.subjects["val"]:
        subject_file(there, subject).unlink()
    assert "none of the 3 val subjects" in fails(capsys, there, tmp_path / "run")
    assert not checkpoint_file(tmp_path / "run", "best").exists()


@pytest.mark.parametrize(
    ("key", "place", "name"),
    [
        ("--data.batchsize", "data", "batchsize"),
        ("--model.encoder.init_args.dept", "encoder", "dept"),
    ],
)
def test_a_wrong_key_is_named_with_its_place(cache, tmp_path, capsys, key, place, name):
    error = fails(capsys, cache, tmp_path / "run", key, "1")
    assert place in error.partition(name)[0]
    assert name in error


@pytest.mark.parametrize(("option", "value"), [("--trainer.max_epochs", "many"), ("--model.decoder", "NoDecoder")])
def test_a_wrong_value_is_named(cache, tmp_path, capsys, option, value):
    error = fails(capsys, cache, tmp_path / "run", option, value)
    assert option.rpartition(".")[2] in error
    assert value in error


def test_a_config_that_is_not_there_and_an_optimizer_on_the_command_line_are_one_sentence(cache, tmp_path, capsys):
    error = fails(capsys, cache, tmp_path / "run", config=tmp_path / "nowhere.yaml")
    assert "nowhere.yaml" in error
    error = fails(capsys, cache, tmp_path / "run", "--optimizer", "SGD")
    assert error == "unrecognized arguments: --optimizer SGD\n"


def test_bfloat16_without_the_hardware_falls_back_to_float32(cache, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr("cmr_ssl.lightning_commands.rank_zero_info", said.append)
    monkeypatch.setattr("cmr_ssl.lightning_commands.has_bfloat16", lambda accelerator: False)
    assert run(cache, tmp_path / "run", "--trainer.precision", "bf16-mixed", "--trainer.max_epochs", "1") == 0
    assert "training in float32" in said[0]
    assert all(weight.dtype != torch.bfloat16 for weight in state(tmp_path / "run")["state_dict"].values())


def test_a_run_in_bfloat16_learns_and_stays_finite(cache, tmp_path, monkeypatch):
    monkeypatch.setattr("cmr_ssl.lightning_commands.has_bfloat16", lambda accelerator: True)
    assert run(cache, tmp_path / "run", "--trainer.precision", "bf16-mixed", "--trainer.max_epochs", "1") == 0
    assert all(weight.isfinite().all() for weight in state(tmp_path / "run")["state_dict"].values())


def test_the_published_design_runs_too(cache, tmp_path):
    published = ["--model.decoder", "SelfAttentionDecoder"]
    published += ["--model.decoder.init_args", "{width: 32, depth: 1, heads: 2}"]
    published += ["--model.encoder.init_args.positions", "GridPositions", "--model.normalise", "true"]
    assert run(cache, tmp_path / "run", *published, "--trainer.max_epochs", "1") == 0


def test_a_config_stays_beside_the_results_and_trains_again_without_the_files_that_it_was_made_of(
    cache, started, monkeypatch, capsys
):
    config = (started / "config.yaml").read_text()
    assert "mask_ratio: 0.7" in config
    assert ".yaml" not in config
    assert run(cache, started, "--ckpt_path", "last", command="validate", config=SMOKE) == 0
    assert (started / "config.yaml").read_text() == config
    monkeypatch.chdir(started)
    with pytest.raises(SystemExit, match="0"):
        main(["fit", "--config", "config.yaml", "--print_config"])
    assert "mask_ratio: 0.7" in capsys.readouterr().out


def test_a_run_leaves_its_curves(finished_run):
    assert list(finished_run.glob("events.out.tfevents.*"))
