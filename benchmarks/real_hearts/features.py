"""What a frozen encoder, or nobody at all, sees of each patient: means around landmarks of the heart."""

import json
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import default_collate

from benchmarks.real_hearts.arms import USUAL, Look, encoder_of
from benchmarks.real_hearts.runs import pretrained
from benchmarks.real_hearts.settings import Settings
from cmr_ssl.checkpoints import build_encoder, load_encoder
from cmr_ssl.data.cache import read_preparation
from cmr_ssl.data.dataset import PlaneDataset, sample_shape
from cmr_ssl.models import Encoder, Landmarks
from cmr_ssl.models.tokens import coordinates, grid_of, patchify
from cmr_ssl.planes import SHORT_AXIS

SLICES = 16  # room for every stack


def encoder_that_looks(settings: Settings, fold: int, look: Look) -> Encoder:
    """Return the pretrained encoder of a fold, or one as it is drawn before any training."""
    if look.pretraining:
        return load_encoder(pretrained(settings, fold, look.pretraining)).encoder.eval()
    torch.manual_seed(settings.seed)
    return build_encoder(json.loads(json.dumps(encoder_of(USUAL))), Path(USUAL.config)).eval()


def landmarks(settings: Settings, fold: int, look: Look, subjects: list[str]) -> Tensor:
    """Return what a look sees of patients, (N, features), all their planes shown and nothing augmented."""
    encoder = encoder_that_looks(settings, fold, look)
    around, views = Landmarks(), {SHORT_AXIS: SLICES}
    data = PlaneDataset(settings.cache, subjects, views, sample_shape(read_preparation(settings.cache), views))
    return torch.cat([_seen(encoder, around, look, data, index) for index in range(len(data))])


@torch.inference_mode()
def _seen(encoder: Encoder, around: Landmarks, look: Look, data: PlaneDataset, index: int) -> Tensor:
    batch = default_collate([data[index]])
    images = batch.images.float() / 255
    grid = grid_of(images, encoder.patch)
    attend = batch.present.repeat_interleave(grid.per_plane, dim=1)
    parts = {"pixels": patchify(images, encoder.patch)}
    if {*look.parts} != {"pixels"}:
        encoded = encoder.encode_planes(images, batch.affine, batch.present)
        parts |= {"tokens": encoded.tokens, "patches": encoded.patches}
    chosen = torch.cat([parts[name] for name in look.parts], dim=-1)
    return around(chosen, attend, coordinates(batch.affine, grid, encoder.patch))
