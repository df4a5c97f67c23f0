"""Write the embedding of every subject of a cache to parquet, streaming."""

from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from rich.progress import track

from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.cohort.subjects import usable
from cmr_ssl.cohort.withdrawal import NOBODY, Withdrawn
from cmr_ssl.data.dataset import PlaneDataset, sample_shape
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.inference.model import load
from cmr_ssl.inference.outputs import StudyEmbedding, embeddings_of
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
    with EmbeddingFile(out) as file:
        for batch in track(PlaneLoader(dataset, batch_size, workers), "embedding"):
            kept = to_device(readable(batch), model.device)
            kept = kept._replace(images=kept.images.float() / 255)
            file.add(embeddings_of(kept, task.embed(kept)))
    print(f"{file.rows} embeddings of {task.encoder.width} features in {out}")


def whole_cache(cache: Path, trained: Trained, withdrawn: Withdrawn = NOBODY) -> PlaneDataset:
    """Return all usable subjects of `cache`, without those who withdrew, as the checkpoint's encoder expects them.

    Raises:
        ValueError: if the cache was prepared otherwise than the checkpoint's data, or has no usable subject.
    """
    check_prepared(cache, trained.preparation)
    cohort = usable(read_cohort(cache, withdrawn), trained.views, 1, trained.preparation["frames"])
    if cohort.empty:
        raise ValueError(f"no usable subject in {cache}: its cohort table tells why")
    shape = sample_shape(trained.preparation, trained.views)
    return PlaneDataset(cache, sorted(cohort["subject"]), trained.views, shape)


class EmbeddingFile:
    """A parquet file of embeddings that grows batch by batch and appears when it is complete; use it as a context."""

    def __init__(self, path: Path) -> None:
        """Open a hidden file beside `path`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.unfinished = path, path.with_name(f".{path.name}.writing")
        self.writer = pq.ParquetWriter(self.unfinished, SCHEMA)
        self.rows = 0

    def __enter__(self) -> Self:
        """Return the file."""
        return self

    def add(self, rows: list[StudyEmbedding]) -> None:
        """Append the rows of a batch."""
        self.writer.write_table(pa.Table.from_pylist([row._asdict() for row in rows], SCHEMA))
        self.rows += len(rows)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Let the file appear, or remove it where something went wrong."""
        if kind is not None:
            self.discard()
            return
        try:
            self.close()
        except BaseException:
            self.unfinished.unlink(missing_ok=True)
            raise

    def close(self) -> None:
        """Let the file appear."""
        self.writer.close()
        self.unfinished.replace(self.path)

    def discard(self) -> None:
        """Remove what was written, also where the disk is too full to close it."""
        try:
            self.writer.close()
        finally:
            self.unfinished.unlink(missing_ok=True)
