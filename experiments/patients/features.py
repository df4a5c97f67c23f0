"""What an encoder says of every subject of a cohort, and where alignments see images and tables."""

from collections.abc import Sequence

import torch
from rich.progress import track

from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.models import LandmarkPooling
from cmr_ssl.preparation.cache import check_prepared
from cmr_ssl.probing import EncodedBatch
from experiments.cohorts import opened
from experiments.features import save, untrained
from experiments.patients.folds import drawn
from experiments.patients.settings import LEARNT, TESTED, Settings

BATCH = 8
MASKED, SCRATCH = "masked", "scratch"  # encoders


def people_of(settings: Settings, name: str) -> list[str]:
    """Return the subjects of a cohort whose studies have enough planes: the rows of its features."""
    return list(opened(settings.cohort(name)).phenotypes.index)


@torch.inference_mode()
def extract(settings: Settings, name: str, encoder: str, subjects: Sequence[str]) -> None:
    """Write the landmark features of subjects unless they are there.

    Args:
        settings: of which pretraining, and where to.
        name: of the cohort.
        encoder: `MASKED`, or `SCRATCH` for one whose weights are drawn anew, as before any training.
        subjects: a row each.
    """
    path = settings.features(name, encoder)
    if path.is_file():
        return
    trained, data = load_encoder(settings.pretrained), opened(settings.cohort(name))
    check_prepared(settings.cohort(name).cache, trained.preparation)
    used = untrained(settings.pretrained, 0) if encoder == SCRATCH else trained.encoder
    pooling, loader = LandmarkPooling(used), PlaneLoader(data.dataset(list(subjects), trained.views), BATCH)
    shown = (EncodedBatch(used, data.scaled(batch)) for batch in track(loader, f"{name}, {encoder}"))
    save(path, torch.cat([pooling(one.encoded).half() for one in shown]).numpy())


def look(settings: Settings) -> None:
    """Write what both encoders say: the masked one of everybody, the other one of those labelled or tested."""
    learnt, tested = (people_of(settings, name) for name in (LEARNT, TESTED))
    extract(settings, LEARNT, MASKED, learnt)
    extract(settings, TESTED, MASKED, tested)
    extract(settings, LEARNT, SCRATCH, [learnt[index] for index in drawn(settings, len(learnt)).tolist()])
    extract(settings, TESTED, SCRATCH, tested)
