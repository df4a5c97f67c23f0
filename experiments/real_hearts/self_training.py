"""Self-training: what a network is sure of on unlabelled cines of its fold's training patients becomes their label.

A second training then learns from these and from the true ones, which count as much: each labelled patient is there so
often that half of the studies have true labels (without that, the gain was nil on the fold this was developed on).
"""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from cmr_ssl.anatomy import UNLABELLED
from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.inference.prepared import batch_of, every_plane
from cmr_ssl.label_losses import marginal
from cmr_ssl.preparation.cache import COHORT, PreparedSubject, read_prepared, settings_of, write_subject
from cmr_ssl.report.tables import write_csv
from cmr_ssl.tasks.segmentation import Segmentation
from cmr_ssl.tasks.trained import Trained, load_task
from experiments.real_hearts.cohort import members, read_fold
from experiments.real_hearts.scores import in_order
from experiments.real_hearts.settings import Settings

CACHE, TABLE = "cache", "patients.csv"


def teach(settings: Settings, fold: int, checkpoint: Path, labels: int, draw: int, sure: float, out: Path) -> list[str]:
    """Write a cache and a table in which a fold's unlabelled training patients are labelled by a network.

    Args:
        settings: of the comparison.
        fold: whose patients.
        checkpoint: of the network, which learnt from `labels` patients.
        labels: how many of the training patients keep their true labels.
        draw: which ones; those of the network's own training.
        sure: least probability of a label, 0 to 1; other pixels stay unlabelled.
        out: folder for both.

    Returns:
        What the command line of a training says of them.
    """
    cache, table = out / CACHE, read_fold(settings, fold)
    training = members(table, "train")
    labelled = first_subjects(training, labels, draw)
    unlabelled = sorted({*training} - {*labelled})
    shutil.copytree(settings.cache, cache, dirs_exist_ok=True)
    trained, digest = load_task(checkpoint), settings_of(cache)
    for subject in unlabelled:
        write_subject(cache, subject, guessed(trained, read_prepared(settings.cache, subject), sure), digest)
    copies = copies_of(labelled, len(unlabelled))
    for copy, subject in copies.items():
        write_subject(cache, copy, read_prepared(settings.cache, subject), digest)
    cohort = pd.read_parquet(cache / COHORT)
    repeated(cohort.set_index("subject"), copies).to_parquet(cache / COHORT, index=False)
    write_csv(out / TABLE, repeated(table, copies))
    return ["--data.cache", str(cache), "--data.table", str(out / TABLE)]


def guessed(trained: Trained, planes: PreparedSubject, sure: float) -> PreparedSubject:
    """Return a patient with labels in all frames, where the network is sure of them."""
    task = trained.task
    assert isinstance(task, Segmentation)
    batch = batch_of(planes, "patient", every_plane(planes), trained, torch.device("cpu"))
    with torch.inference_mode():
        told = marginal(task.logits(batch, task.all_frames(batch)), batch.annotated)[0].exp().max(dim=1)
    maps = torch.where(told.values >= sure, told.indices, UNLABELLED).to(torch.uint8)[in_order(planes, batch)].numpy()
    labelled = np.argwhere(np.ones(maps.shape[:2], dtype=bool)).astype(np.int16)  # (planes frames, 2)
    return planes._replace(labelled=labelled, labels=maps.reshape(-1, *maps.shape[2:]))


def copies_of(labelled: list[str], others: int) -> dict[str, str]:
    """Return names of copies, and of whom, so that labelled patients and copies are as many as the others."""
    return {
        f"{labelled[n % len(labelled)]} copy {n}": labelled[n % len(labelled)] for n in range(others - len(labelled))
    }


def repeated(table: pd.DataFrame, copies: dict[str, str]) -> pd.DataFrame:
    """Return a table indexed by subject with a row for each copy, its index as the first column."""
    more = table.loc[list(copies.values())].set_axis(list(copies), axis=0)
    return pd.concat([table, more]).rename_axis("subject").sort_index().reset_index()
