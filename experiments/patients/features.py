"""What an encoder says of every subject of a cache, on disk, so that label draws cost seconds."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch.utils.data import DataLoader

from cmr_ssl.files import write_atomically
from cmr_ssl.inference.embeddings import whole_cache
from cmr_ssl.models import Encoder, LandmarkPooling
from cmr_ssl.sample import Sample, readable
from cmr_ssl.tasks.alignment import AlignmentTask
from cmr_ssl.tasks.trained import load_task

Rows = NDArray[np.float16]

BATCH = 8


class Features:
    """Features of the subjects of a cache."""

    def __init__(self, path: Path) -> None:
        """Read them."""
        with np.load(path) as kept:
            self.subjects: list[str] = kept["subjects"].tolist()
            self.rows: NDArray[np.float32] = kept["rows"].astype(np.float32)

    def of(self, subjects: list[str]) -> NDArray[np.float32]:
        """Return the rows of some subjects, (N, F)."""
        place = {subject: index for index, subject in enumerate(self.subjects)}
        return self.rows[[place[subject] for subject in subjects]]


def extract(checkpoint: Path, cache: Path, path: Path, scratch: bool = False) -> Path:
    """Write the landmark features of all subjects of a cache unless they are there.

    Args:
        checkpoint: of the encoder.
        cache: prepared as its training was.
        path: file to write.
        scratch: whether the encoder's weights are drawn anew, as before any training.
    """
    if path.is_file():
        return path
    trained = load_task(checkpoint)
    encoder: Encoder = trained.task.encoder
    if scratch:
        torch.manual_seed(0)
        encoder = redrawn(encoder)
    dataset = whole_cache(cache, trained)
    rows: list[NDArray[np.float16]] = []
    subjects: list[str] = []
    pool = LandmarkPooling(encoder)
    for batch in track(DataLoader(dataset, BATCH), path.stem):
        kept = readable(batch)
        subjects += list(kept.subject)
        rows.append(pooled(encoder, pool, kept._replace(images=kept.images.float() / 255)))
    stacked = np.concatenate(rows)
    write_atomically(path, lambda stream: np.savez(stream, subjects=np.array(subjects), rows=stacked))
    return path


@torch.inference_mode()
def project(task: AlignmentTask, tokens: Path, path: Path) -> Path:
    """Write where an alignment sees the images of `extract`, in the space of images and tables, unless it is there."""
    if not path.is_file():
        seen = Features(tokens)
        rows = task.image_head(torch.from_numpy(seen.rows)).half().numpy()
        write_atomically(path, lambda stream: np.savez(stream, subjects=np.array(seen.subjects), rows=rows))
    return path


@torch.inference_mode()
def pooled(encoder: Encoder, pool: LandmarkPooling, batch: Sample) -> Rows:
    """Return means of tokens and patches around the landmarks of a batch, (B, F)."""
    encoded = encoder.encode_planes(batch.images, batch.affine, batch.present)
    return np.asarray(pool(encoded).half().numpy())


def redrawn(encoder: Encoder) -> Encoder:
    """Return an encoder of the same kind as before any training."""
    first = encoder.blocks[0]
    ratio = first.mlp[0].out_features / encoder.width
    made = Encoder(encoder.positions, encoder.patch, encoder.width, len(encoder.blocks), first.attention.heads, ratio)
    return made.eval()
