"""Runs of the command line on the tiny cache, in this process and in others."""

import os
import subprocess
import sys
import traceback
from pathlib import Path

import yaml

from cmr_ssl.cli import main

ROOT = Path(__file__).parents[1]
SMOKE = ROOT / "configs" / "smoke.yaml"
QUIET = ["--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"]
QUIET += ["--trainer.enable_model_summary", "false"]


def config_without_pictures(folder, model=None, data=None):
    """Write the smoke configuration without pictures beside `folder`, which must stay empty, and return it.

    Args:
        folder: of the run.
        model: other arguments of the task.
        data: other settings of the data.
    """
    config = yaml.safe_load(SMOKE.read_text())
    config["model"]["init_args"] |= model or {}
    config["data"] |= data or {}
    callbacks = config["trainer"]["callbacks"]
    config["trainer"]["callbacks"] = [one for one in callbacks if not one["class_path"].endswith("Reconstructions")]
    path = folder.with_name(f"{folder.name}.yaml")
    path.write_text(yaml.safe_dump(config))
    return path


def arguments(cache, folder, *more, command="fit", config=None):
    """Return the arguments of a tiny run."""
    config = config or config_without_pictures(folder)
    run = ["--config", config, "--data.cache", cache, "--trainer.default_root_dir", folder]
    return [command, *map(str, run), *QUIET, *more]


def run(cache, folder, *more, **options):
    """Run in this process and return the exit status."""
    return main(arguments(cache, folder, *more, **options))


def refusal(capsys, *words, **options):
    """Run a command that refuses these words and options, and return what it says, which is one line."""
    assert main([*map(str, words), *(f"--{name}={value}" for name, value in options.items())]) == 1
    *_, error = capsys.readouterr().err.partition("error: ")
    assert error.count("\n") == 1, error
    return error


def in_a_child(command):
    """Run a command, which returns an exit status, in a forked process, and return how that ended."""
    child = os.fork()
    if child == 0:
        status = 70
        try:
            status = command()
        except BaseException:
            traceback.print_exc()  # nobody else would: the process ends without a word
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run_elsewhere(cache, folder, *more):
    """Run in a process of its own and return it."""
    command = [sys.executable, "-W", "ignore", "-m", "cmr_ssl", *arguments(cache, folder, *more)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def probe(name, **options):
    """Return the arguments that add a callback of `probes` to a run."""
    arguments = ["--trainer.callbacks+", f"tests.probes.{name}"]
    for option, value in options.items():
        arguments += [f"--trainer.callbacks.{option}", str(value)]
    return arguments
