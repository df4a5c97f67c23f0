"""Retrieve the most similar patients by image and by table in the space of an alignment."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from rich.progress import track
from torch import Tensor
from torch.nn.functional import normalize

from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.contrast import Pairs, ranks
from cmr_ssl.data.dataset import PlaneDataset
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.inference.embeddings import whole_cache
from cmr_ssl.inference.model import load
from cmr_ssl.report.tables import write_csv
from cmr_ssl.sample import readable, to_device
from cmr_ssl.tables.field_reader import read_fields
from cmr_ssl.tasks.table_task import TableTask


class AlignedSubjects(NamedTuple):
    """N subjects.

    Attributes:
        subjects: their ids.
        pairs: what their images and tables say, a row each.
        scores: how well each table (columns) fits each image (rows), (N, N).
    """

    subjects: list[str]
    pairs: Pairs
    scores: Tensor


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
    """Write the nearest neighbours among the subjects of a cache; see the command `retrieve`."""
    model = load(checkpoint, device)
    task = model.trained.task
    if not isinstance(task, TableTask):
        raise ValueError(
            f"{checkpoint} is of a {type(task).__name__}, which knows no tables: train one with configs/alignment.yaml"
        )
    images = whole_cache(cache, model.trained, withdrawn)
    subjects = [str(subject) for subject in images.subjects]
    fields = read_fields(table, task.fields, subjects)
    dataset = PlaneDataset(cache, subjects, model.trained.views, images.shape, phenotypes=fields)
    aligned = aligned_subjects(task, PlaneLoader(dataset, batch_size, workers), model.device)
    count = len(aligned.subjects)
    if count < 2:
        raise ValueError(f"{count} subjects of {cache} have images and a row in {table}: at least two can be compared")
    write_csv(out, pd.DataFrame(neighbours_of(aligned, min(neighbours, count - 1))))
    print(summary(aligned.scores))
    print("subjects of the training among them find each other more easily: `test` of the alignment leaves them out")
    print(f"{count} subjects and who is like them in {out}")


@torch.inference_mode()
def aligned_subjects(task: TableTask, loader: PlaneLoader, device: torch.device) -> AlignedSubjects:
    """Return the vectors of all subjects who have an image and a table."""
    subjects: list[str] = []
    parts: list[Pairs] = []
    for batch in track(loader, "comparing"):
        kept = to_device(readable(batch), device)
        pairs = task.compared(kept._replace(images=kept.images.float() / 255))
        subjects += [subject for subject, exists in zip(kept.subject, pairs.exists.tolist(), strict=True) if exists]
        parts.append(Pairs(*(part[pairs.exists].cpu() for part in pairs)))
    pairs = Pairs(*(torch.cat(part) for part in zip(*parts, strict=True)))
    scores = task.scores(pairs.images.to(device), pairs.tables.to(device))
    return AlignedSubjects(subjects, pairs, scores.float().cpu())


def neighbours_of(aligned: AlignedSubjects, count: int) -> list[dict[str, object]]:
    """Return a row for each direction, subject and rank; within one modality without the subject itself."""
    directions = {
        "image to image": alike(aligned.pairs.images),
        "table to table": alike(aligned.pairs.tables),
        "image to table": aligned.scores,
        "table to image": aligned.scores.T,
    }
    rows: list[dict[str, object]] = []
    for direction, similarity in directions.items():
        values, neighbours = similarity.topk(count, dim=1)
        rows += [
            {
                "subject": subject,
                "by": direction,
                "rank": rank + 1,
                "neighbour": aligned.subjects[int(neighbours[index, rank])],
                "similarity": float(values[index, rank]),
            }
            for index, subject in enumerate(aligned.subjects)
            for rank in range(count)
        ]
    return rows


def alike(vectors: Tensor) -> Tensor:
    """Return the cosines between the vectors (N, D) of subjects, (N, N), unknown as usual, -inf with oneself."""
    unit = normalize(vectors.nan_to_num(), dim=1)
    return (unit @ unit.T).fill_diagonal_(-torch.inf)


def summary(scores: Tensor) -> str:
    """Describe how often counterparts come first and among the first five by `scores` (N, N), beside chance."""
    count = len(scores)
    lines = [
        f"{direction.replace('_', ' ')}: first {100 * np.mean(rank.numpy() <= 1):.1f} %, "
        f"among five {100 * np.mean(rank.numpy() <= 5):.1f} %"
        for direction, rank in ranks(scores).items()
    ]
    return "\n".join([*lines, f"chance: first {100 / count:.2f} %, among five {100 * min(1, 5 / count):.2f} %"])
