"""What an encoder says of every subject of the cohort."""

from pathlib import Path

import pandas as pd
import torch
from rich.progress import track

from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.models import LandmarkPooling
from cmr_ssl.preparation.cache import check_prepared
from cmr_ssl.probing import EncodedBatch
from cmr_ssl.tasks.alignment import AlignmentTask
from experiments.cohorts import opened
from experiments.features import load, save, untrained
from experiments.patients.settings import Settings

BATCH = 8


def everybody(data: CineDataModule) -> list[str]:
    """Return the subjects of the rows of features."""
    return list(data.phenotypes.index)


def seen(settings: Settings, data: CineDataModule, arm: str) -> pd.DataFrame:
    """Return the features of an arm by subject."""
    return pd.DataFrame(load(settings.features(arm)).float().numpy(), everybody(data))


@torch.inference_mode()
def extract(settings: Settings, checkpoint: Path, arm: str, scratch: bool = False) -> None:
    """Write the landmark features of all subjects unless they are there.

    Args:
        settings: of which cohort, and where to.
        checkpoint: of the encoder.
        arm: name of the features.
        scratch: whether the encoder's weights are drawn anew, as before any training.
    """
    if settings.features(arm).is_file():
        return
    trained, data = load_encoder(checkpoint), opened(settings.cohort)
    check_prepared(settings.cohort.cache, trained.preparation)
    encoder = untrained(checkpoint, 0) if scratch else trained.encoder
    pooling, loader = LandmarkPooling(encoder), PlaneLoader(data.dataset(everybody(data), trained.views), BATCH)
    shown = (EncodedBatch(encoder, data.scaled(batch)) for batch in track(loader, arm))
    save(settings.features(arm), torch.cat([pooling(one.encoded).half() for one in shown]).numpy())


@torch.inference_mode()
def project(settings: Settings, task: AlignmentTask, arm: str, space: str) -> None:
    """Write where an alignment sees the images of an arm, in the space of images and tables, unless it is there."""
    if not settings.features(space).is_file():
        save(settings.features(space), task.image_head(load(settings.features(arm)).float()).half().numpy())
