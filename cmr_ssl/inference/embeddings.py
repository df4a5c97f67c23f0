"""Write the embedding of every subject of a cache to parquet, streaming."""

from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from rich.progress import track

from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.cohort.subjects import usable
from cmr_ssl.cohort.withdrawal import NONE_WITHDRAWN, Withdrawn
from cmr_ssl.data.dataset import PlaneDataset, sample_shape
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.files import write_atomically
from cmr_ssl.inference.model import load
from cmr_ssl.inference.outputs import embeddings_of
from cmr_ssl.preparation.cache import check_prepared
from cmr_ssl.sample import readable, to_device
from cmr_ssl.tasks.trained import Trained

VECTOR = pa.list_(pa.float32())
SCHEMA = pa.schema(
    [
        ("subject", pa.string()),
        ("whole_heart", VECTOR),
        ("landmarks", VECTOR),
        ("class_token", VECTOR),
        ("mean", VECTOR),
        ("plane_views", pa.list_(pa.string())),
        ("plane_means", pa.list_(VECTOR)),
    ]
)


@torch.inference_mode()
def write_embeddings(
    checkpoint: Path, cache: Path, out: Path, batch_size: int, workers: int, device: str, withdrawn: Withdrawn
) -> None:
    """Write the embedding of every subject of a cache; see the command `embed`."""
    model = load(checkpoint, device)
    task = model.encoder_task()
    dataset = whole_cache(cache, model.trained, withdrawn)
    count = 0

    def write(stream: BinaryIO) -> None:
        nonlocal count
        with pq.ParquetWriter(stream, SCHEMA) as file:
            for batch in track(PlaneLoader(dataset, batch_size, workers), "embedding"):
                kept = to_device(readable(batch), model.device)
                kept = kept._replace(images=kept.images.float() / 255)
                rows = embeddings_of(kept, task.embed(kept))
                file.write_table(pa.Table.from_pylist([row._asdict() for row in rows], SCHEMA))
                count += len(rows)

    write_atomically(out, write)
    print(f"{count} embeddings of {task.encoder.width} features in {out}")


def whole_cache(cache: Path, trained: Trained, withdrawn: Withdrawn = NONE_WITHDRAWN) -> PlaneDataset:
    """Return the usable subjects of `cache` who did not withdraw, as the checkpoint's encoder expects them.

    Raises:
        ValueError: if the cache was prepared otherwise than the checkpoint's data, or has no usable subject.
    """
    check_prepared(cache, trained.preparation)
    cohort = usable(read_cohort(cache, withdrawn), trained.views, 1, trained.preparation["frames"])
    if cohort.empty:
        raise ValueError(f"no usable subject in {cache}: its cohort table tells why")
    shape = sample_shape(trained.preparation, trained.views)
    return PlaneDataset(cache, sorted(cohort["subject"]), trained.views, shape)
