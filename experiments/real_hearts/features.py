"""What a frozen encoder, or nobody at all, sees of each patient: means around landmarks of the heart."""

import json
from pathlib import Path

import torch
from torch import Tensor

from cmr_ssl.checkpoints import build_encoder, load_encoder
from cmr_ssl.data.dataset import PlaneDataset, sample_shape
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.models import Encoder, Landmarks
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.preparation.cache import read_preparation
from cmr_ssl.probing import EncodedBatch
from cmr_ssl.sample import Sample
from experiments.real_hearts.arms import USUAL, Look, encoder_of
from experiments.real_hearts.runs import pretrained
from experiments.real_hearts.settings import Settings

SLICES = 16  # room for every stack
BATCH = 4


def encoder_that_looks(settings: Settings, fold: int, look: Look) -> Encoder:
    """Return the pretrained encoder of a fold, or one as it is drawn before any training."""
    if look.pretraining:
        return load_encoder(pretrained(settings, fold, look.pretraining)).encoder.eval()
    torch.manual_seed(settings.seed)
    return build_encoder(json.loads(json.dumps(encoder_of(USUAL))), Path(USUAL.config)).eval()


@torch.inference_mode()
def landmarks(settings: Settings, fold: int, look: Look, subjects: list[str]) -> Tensor:
    """Return what a look sees of patients, (N, F), all their planes shown and nothing augmented."""
    encoder, views = encoder_that_looks(settings, fold, look), {SHORT_AXIS: SLICES}
    shape = sample_shape(read_preparation(settings.cache), views)
    readout = look.readout(Landmarks(beats=shape[1] // encoder.patch[0]), encoder.patch)
    batches = PlaneLoader(PlaneDataset(settings.cache, subjects, views, shape), BATCH)
    return torch.cat([readout.features(EncodedBatch(encoder, intensities(batch))) for batch in batches])


def intensities(batch: Sample) -> Sample:
    """Return a batch with pixels from 0 to 1."""
    return batch._replace(images=batch.images.float() / 255)
