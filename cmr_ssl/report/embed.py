"""Write the embedding of every subject of a cache to parquet, streaming."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from rich.progress import track
from torch import Tensor
from torch.utils.data import DataLoader

from cmr_ssl.checkpoints import Pretrained, load_encoder
from cmr_ssl.data.cache import read_preparation
from cmr_ssl.data.cohort import read_cohort
from cmr_ssl.data.datamodule import sample_shape, usable
from cmr_ssl.data.dataset import PlaneDataset
from cmr_ssl.data.sample import Sample
from cmr_ssl.planes import VIEWS

Row = dict[str, Any]
VECTOR = pa.list_(pa.float32())
SCHEMA = pa.schema(
    [
        ("subject", pa.string()),
        ("class_token", VECTOR),
        ("mean", VECTOR),
        ("plane_views", pa.list_(pa.string())),
        ("plane_means", pa.list_(VECTOR)),
    ]
)


def embed(checkpoint: Path, cache: Path, out: Path, batch_size: int = 8, workers: int = 2, device: str = "auto") -> int:
    """Write one row a subject: class token, mean of all tokens, and the mean of each plane's tokens.

    Args:
        checkpoint: of any task of this project.
        cache: prepared with the settings the checkpoint was trained with.
        out: parquet file to write; it appears when it is complete.
        batch_size: subjects a batch.
        workers: processes that read.
        device: cpu, cuda, or auto for cuda where there is one.

    Returns:
        0.

    Raises:
        FileNotFoundError: if checkpoint or cache are missing.
        ValueError: if they do not fit together or no subject is usable.
    """
    pretrained = load_encoder(checkpoint)
    dataset = whole_cache(cache, pretrained)
    if not len(dataset):
        raise ValueError(f"no usable subject in {cache}: the cohort table tells why")
    where = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
    loader = DataLoader(dataset, batch_size, num_workers=workers)
    batches = track(loader, description=f"embedding {len(dataset)} subjects")
    unfinished = out.with_name(f".{out.name}.writing")
    out.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(unfinished, SCHEMA) as writer:
        for rows in embeddings(pretrained, batches, where):
            writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
    unfinished.replace(out)
    print(f"{len(dataset)} embeddings of {pretrained.encoder.width} features in {out}")
    return 0


def whole_cache(cache: Path, pretrained: Pretrained) -> PlaneDataset:
    """Return all usable subjects of `cache` as the encoder expects them.

    Raises:
        ValueError: if the cache was prepared otherwise than the checkpoint's data.
    """
    preparation = read_preparation(cache)
    if preparation != pretrained.preparation:
        differ = [key for key, value in pretrained.preparation.items() if preparation.get(key) != value]
        raise ValueError(
            f"{cache} was prepared with another {', '.join(differ)} than the checkpoint's data: prepare the studies "
            f"again with {', '.join(f'{key} {pretrained.preparation[key]}' for key in differ)}"
        )
    cohort = usable(read_cohort(cache), pretrained.views, min_planes=1)
    shape = sample_shape(preparation, pretrained.views)
    return PlaneDataset(cache, sorted(cohort["subject"]), pretrained.views, shape)


@torch.inference_mode()
def embeddings(pretrained: Pretrained, batches: Iterable[Sample], device: torch.device) -> Iterator[list[Row]]:
    """Yield the rows of each batch."""
    encoder = pretrained.encoder.to(device)
    for batch in batches:
        images, affine, present = (field.to(device) for field in (batch.images, batch.affine, batch.present))
        class_token, tokens = encoder.encode_planes(images.float() / 255, affine, present)
        planes = tokens.unflatten(1, (present.shape[1], -1)).mean(dim=2)  # (B, P, D)
        mean = (planes * present[..., None]).sum(dim=1) / present.sum(dim=1, keepdim=True)
        class_token, mean, planes = class_token.cpu(), mean.cpu(), planes.cpu()
        yield [
            row(subject, class_token[i], mean[i], planes[i], batch.view[i], batch.present[i])
            for i, subject in enumerate(batch.subject)
        ]


def row(subject: str, class_token: Tensor, mean: Tensor, planes: Tensor, view: Tensor, present: Tensor) -> Row:
    """Return one row of the table; `planes` (P, D), `view` and `present` (P,)."""
    return {
        "subject": subject,
        "class_token": class_token.numpy(),
        "mean": mean.numpy(),
        "plane_views": [VIEWS[index] for index in view[present].tolist()],
        "plane_means": list(planes[present].numpy()),
    }
