"""Runs of the command line on the tiny cache, in this process and in others."""

import os
import subprocess
import sys
from pathlib import Path

from cmr_ssl.cli import main

ROOT = Path(__file__).parents[1]
SMOKE = ROOT / "configs" / "smoke.yaml"


def arguments(cache, folder, *more, command="fit"):
    """Return the arguments of a tiny run."""
    run = ["--config", str(SMOKE), "--data.cache", str(cache), "--trainer.default_root_dir", str(folder)]
    quiet = ["--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"]
    quiet += ["--trainer.enable_model_summary", "false"]
    return [command, *run, *quiet, *more]


def fit(cache, folder, *more, command="fit"):
    """Run in this process and return the exit status."""
    return main(arguments(cache, folder, *more, command=command))


def fit_elsewhere(cache, folder, *more):
    """Run in a process of its own and return it."""
    command = [sys.executable, "-W", "ignore", "-m", "cmr_ssl", *arguments(cache, folder, *more)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
