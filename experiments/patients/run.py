"""Align, look at every subject, measure; what is there stays."""

import json
from collections.abc import Callable

from cmr_ssl.files import checkpoint_at, save_text
from cmr_ssl.tasks.alignment import AlignmentTask
from cmr_ssl.tasks.trained import load_task
from cmr_ssl.workers import pool
from experiments.commands import fit, options
from experiments.patients.features import extract, project
from experiments.patients.measured import diagnoses, phenotypes, retrieval, risk
from experiments.patients.settings import OTHERS, Settings

MEASURED: dict[str, Callable[[Settings], object]] = {
    "retrieval": retrieval,
    "phenotypes": phenotypes,
    "diagnoses": diagnoses,
    "risk": risk,
}


def everything(settings: Settings) -> dict[str, object]:
    """Return everything that is measured, after what it needs."""
    with pool(1) as process:  # commands write where they like: a process of its own
        process.submit(align, settings).result()
    look(settings)
    return measure(settings)


def align(settings: Settings) -> None:
    """Train the alignment; one that was cut goes on."""
    told = {
        "config": "configs/alignment.yaml",
        **settings.cohort.options,
        "data.table": settings.cohort.table,
        "data.batch_size": 48,
        "model.encoder_checkpoint": checkpoint_at(settings.pretrained),
        "model.reconstruction": 0,
        "model.mask_ratio": 0.8,
        "trainer.max_epochs": settings.epochs,
        "trainer.log_every_n_steps": 1,
    }
    fit(settings.aligned, options(told))


def look(settings: Settings) -> None:
    """Write what each encoder says of every subject."""
    aligned, masked = checkpoint_at(settings.aligned), checkpoint_at(settings.pretrained)
    extract(settings, aligned, "aligned")
    task = load_task(aligned).task
    assert isinstance(task, AlignmentTask)  # for the type checker
    project(settings, task, "aligned", "space")
    for arm in OTHERS:
        extract(settings, masked, arm, scratch=arm == "scratch")


def measure(settings: Settings) -> dict[str, object]:
    """Return everything that is measured; what was measured before is read."""
    found: dict[str, object] = {}
    for name, how in MEASURED.items():
        path = settings.out / f"{name}.json"
        if not path.is_file():
            save_text(path, json.dumps(how(settings), indent=1) + "\n")
        found[name] = json.loads(path.read_text())
    return found
