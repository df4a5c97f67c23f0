"""Align, look, solve, and write the page; cut at any moment, the same command goes on.

python -m cmr_ssl phantom --out COHORT --subjects 1200 --seed 11 --preset small --workers 2
python -m cmr_ssl prepare --source COHORT --out CACHE --preparation configs/preparation/small.yaml --workers 2
python -m cmr_ssl fit --config configs/evidence/pretraining.yaml --data.cache CACHE --data.fractions '[0.72, 0.08, 0.2]'
python -m benchmarks.patients --cache CACHE --table COHORT/phenotypes.csv --pretrained RUN --out OUT
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import processor
from benchmarks.patients.features import extract, project
from benchmarks.patients.measured import diagnoses, phenotypes, retrieval, risk
from benchmarks.patients.report import page
from benchmarks.patients.settings import FRACTIONS, OTHERS, Settings

from cmr_ssl.files import checkpoint_at, save_text
from cmr_ssl.tasks.alignment import AlignmentTask
from cmr_ssl.tasks.trained import load_task

MEASURED: dict[str, Callable[[Settings], object]] = {
    "retrieval": retrieval,
    "phenotypes": phenotypes,
    "diagnoses": diagnoses,
    "risk": risk,
}


def align(settings: Settings) -> None:
    """Train the alignment unless it is done; one that was cut goes on."""
    done = settings.out / "aligned.done"
    if done.is_file():
        return
    command = [sys.executable, "-m", "cmr_ssl", "fit", "--config", "configs/alignment.yaml", "--ckpt_path", "auto"]
    options = {
        "data.cache": settings.cache,
        "data.table": settings.table,
        "data.batch_size": 48,
        "data.workers": 0,
        "data.fractions": list(FRACTIONS),
        "model.encoder_checkpoint": checkpoint_at(settings.pretrained),
        "model.reconstruction": 0,
        "model.mask_ratio": 0.8,
        "trainer.max_epochs": settings.epochs,
        "trainer.log_every_n_steps": 1,
        "trainer.default_root_dir": settings.aligned,
    }
    subprocess.run([*command, *(f"--{name}={value}" for name, value in options.items())], check=True)
    done.touch()


def look(settings: Settings) -> None:
    """Write what each encoder says of every subject; what is there stays."""
    aligned = checkpoint_at(settings.aligned)
    tokens = extract(aligned, settings.cache, settings.features("aligned"))
    task = load_task(aligned).task
    assert isinstance(task, AlignmentTask)  # for the type checker
    project(task, tokens, settings.features("space"))
    for arm in OTHERS:
        extract(checkpoint_at(settings.pretrained), settings.cache, settings.features(arm), scratch=arm == "scratch")


def measure(settings: Settings) -> dict[str, object]:
    """Return everything that is measured; what was measured before is read."""
    found: dict[str, object] = {}
    for name, how in MEASURED.items():
        path = settings.out / f"{name}.json"
        if not path.is_file():
            save_text(path, json.dumps(how(settings), indent=1) + "\n")
        found[name] = json.loads(path.read_text())
    return found


def main() -> None:
    """Run what is not done and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.patients", description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="of the synthetic cohort")
    parser.add_argument("--table", type=Path, required=True, help="its phenotypes.csv")
    parser.add_argument("--pretrained", type=Path, required=True, help="run or checkpoint of a masked pretraining")
    parser.add_argument("--out", type=Path, required=True, help="folder for everything that is made")
    parser.add_argument("--epochs", type=int, default=6, help="of the alignment")
    parser.add_argument("--page", type=Path, default=Path("docs/patients.md"))
    asked = parser.parse_args()
    settings = Settings(asked.cache, asked.table, asked.pretrained, asked.out, asked.epochs)
    settings.out.mkdir(parents=True, exist_ok=True)
    align(settings)
    look(settings)
    save_text(asked.page, page(settings, measure(settings), processor()))
    print(f"wrote {asked.page}")


if __name__ == "__main__":
    main()
