"""Who is like whom, by image and by table, as an alignment sees them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from rich.progress import track
from torch import Tensor

from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.contrast import Pairs, ranks
from cmr_ssl.data.dataset import PlaneDataset
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.inference.embeddings import whole_cache
from cmr_ssl.inference.model import load
from cmr_ssl.report.tables import write_csv
from cmr_ssl.sample import readable, to_device
from cmr_ssl.tables.field_reader import read_fields
from cmr_ssl.tasks.alignment import AlignmentTask


class Known(NamedTuple):
    """Subjects and what their images and tables say, a row each."""

    subjects: list[str]
    pairs: Pairs


def retrieve_cohort(
    checkpoint: Path,
    cache: Path,
    table: Path,
    out: Path,
    neighbours: int,
    batch_size: int,
    workers: int,
    device: str,
    withdrawn: Withdrawn,
) -> None:
    """Write who is like whom among the subjects of a cache, and print how often images and tables find each other.

    Raises:
        FileNotFoundError: if checkpoint, cache or table are missing.
        ValueError: if they do not fit together, or the checkpoint is of another kind.
    """
    model = load(checkpoint, device)
    task = model.trained.task
    if not isinstance(task, AlignmentTask):
        raise ValueError(
            f"{checkpoint} is of a {type(task).__name__}, which knows no tables: train one with configs/alignment.yaml"
        )
    images = whole_cache(cache, model.trained, withdrawn)
    subjects = [str(subject) for subject in images.subjects]
    fields = read_fields(table, task.fields, subjects)
    dataset = PlaneDataset(cache, subjects, model.trained.views, images.shape, phenotypes=fields)
    known = compared(task, PlaneLoader(dataset, batch_size, workers), model.device)
    if len(known.subjects) < 2:
        raise ValueError(
            f"{len(known.subjects)} subjects of {cache} have images and a row in {table}: at least two can be compared"
        )
    write_csv(out, pd.DataFrame(neighbours_of(known, min(neighbours, len(known.subjects) - 1))))
    print(summary(known.pairs))
    print("subjects of the training among them find each other more easily: `test` of the alignment leaves them out")
    print(f"{len(known.subjects)} subjects and who is like them in {out}")


@torch.inference_mode()
def compared(task: AlignmentTask, loader: PlaneLoader, device: torch.device) -> Known:
    """Return what images and tables say of all subjects who have both."""
    subjects: list[str] = []
    parts: list[Pairs] = []
    for batch in track(loader, "comparing"):
        kept = to_device(readable(batch), device)
        pairs = task.compared(kept._replace(images=kept.images.float() / 255))
        subjects += [one for one, exists in zip(kept.subject, pairs.exists.tolist(), strict=True) if exists]
        parts.append(Pairs(*(part[pairs.exists].cpu() for part in pairs)))
    return Known(subjects, Pairs(*(torch.cat(part) for part in zip(*parts, strict=True))))


def neighbours_of(known: Known, count: int) -> list[dict[str, object]]:
    """Return a row for each subject, way to look and rank, the subject itself left out but for across ways."""
    images, tables, _ = known.pairs
    ways = {
        "image to image": (images, images, True),
        "table to table": (tables, tables, True),
        "image to table": (images, tables, False),
        "table to image": (tables, images, False),
    }
    return [
        row for way, (ours, theirs, others) in ways.items() for row in _rows(known, way, ours, theirs, others, count)
    ]


def _rows(known: Known, way: str, ours: Tensor, theirs: Tensor, others: bool, count: int) -> list[dict[str, object]]:
    likeness = ours @ theirs.T
    if others:
        likeness.fill_diagonal_(-torch.inf)
    values, found = likeness.topk(count, dim=1)
    return [
        {
            "subject": known.subjects[index],
            "by": way,
            "rank": rank + 1,
            "neighbour": known.subjects[int(found[index, rank])],
            "similarity": float(values[index, rank]),
        }
        for index in range(len(known.subjects))
        for rank in range(count)
    ]


def summary(pairs: Pairs) -> str:
    """Say how often the own counterpart comes first and among the first five, beside chance."""
    count = len(pairs.images)
    said = [
        f"{way.replace('_', ' ')}: first {100 * np.mean(rank.numpy() <= 1):.1f} %, "
        f"among five {100 * np.mean(rank.numpy() <= 5):.1f} %"
        for way, rank in ranks(pairs).items()
    ]
    return "\n".join([*said, f"chance: first {100 / count:.2f} %, among five {100 * min(1, 5 / count):.2f} %"])
