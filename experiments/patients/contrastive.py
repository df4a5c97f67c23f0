"""The alignment that configs/alignment.yaml trains: contrastive heads on features of the frozen encoder."""

from functools import partial

import torch
import yaml
from torch import Tensor
from torch.nn.functional import normalize

from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.masking import RandomMasking
from cmr_ssl.models import CrossAttentionDecoder, TableEncoder
from cmr_ssl.shipped import shipped
from cmr_ssl.tables.corruption import marginals_of
from cmr_ssl.tables.fields import Fields
from cmr_ssl.tasks.alignment import AlignmentTask
from cmr_ssl.tasks.contrast_start import ContrastStart, Seen, train_heads
from experiments.patients.settings import Settings


def untrained(settings: Settings, fields: Fields, seed: int) -> AlignmentTask:
    """Return the task of configs/alignment.yaml with new heads."""
    path = shipped("alignment")
    assert path is not None  # it comes with the package
    told = yaml.safe_load(path.read_text())["model"]["init_args"]
    torch.manual_seed(seed)
    return AlignmentTask(
        fields,
        [RandomMasking()],
        load_encoder(settings.pretrained).encoder,
        partial(CrossAttentionDecoder, width=64, depth=1, heads=1),  # not used
        table=partial(TableEncoder, **told["table"]["init_args"]),
        field_dropout=told["field_dropout"],
        resampling=told["resampling"],
        head_start=ContrastStart(**told["head_start"]),
    )


def trained(task: AlignmentTask, subjects: list[str], features: Tensor, values: Tensor, seed: int) -> AlignmentTask:
    """Train the heads on features (N, F) and fields (N, fields)."""
    assert task.head_start is not None  # for the type checker
    task.marginals = marginals_of(values)
    task.table.fit_statistics(values)
    train_heads(task, Seen(subjects, features, values), task.head_start, seed)
    return task.eval()


@torch.inference_mode()
def likeness(task: AlignmentTask, features: Tensor, values: Tensor) -> Tensor:
    """Return how alike images (rows) and tables (columns) of S subjects are, (S, S)."""
    images, tables = task.image_head(features), task.table_head(task.table(values))
    return normalize(images, dim=1) @ normalize(tables, dim=1).T
