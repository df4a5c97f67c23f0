"""Tiny networks and batches."""

from functools import partial

import numpy as np
import torch
from lightning import Trainer

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.masking import PlaneDropout, RandomMasking
from cmr_ssl.models import AnatomicalPositions, CrossAttentionDecoder, Encoder
from cmr_ssl.models.tokens import grid_of, patchify, tokenise, unpatchify
from cmr_ssl.planes import VIEWS
from cmr_ssl.sample import Sample
from cmr_ssl.tasks import PretrainingTask
from tests.caches import DEGREES, FRAMES, SIZE, heights, long_axis, short_axis

PATCH = (4, 8, 8)


def tiny_encoder(positions=None, patch=PATCH, **changes):
    """Return an encoder of a few thousand weights, the same every time."""
    torch.manual_seed(0)
    sizes = {"width": 32, "depth": 2, "heads": 2} | changes
    return Encoder(positions or AnatomicalPositions(), patch, **sizes).eval()


def tiny_decoder(kind=CrossAttentionDecoder):
    """Return what builds a decoder of `kind` for an encoder."""
    return partial(kind, width=32, depth=1, heads=2)


def tiny_task(decoder=CrossAttentionDecoder, masking=None, encoder=None, **changes):
    """Return a pretraining task in evaluation mode, with weights large enough that everything has an effect."""
    masking = masking or [RandomMasking(), PlaneDropout(0.4)]
    task = PretrainingTask(encoder or tiny_encoder(), tiny_decoder(decoder), masking, **changes).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in task.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=generator))
    return task


def affines(slices, views=tuple(DEGREES)):
    """Return affines of long-axis planes and then a stack, (1, P, 4, 4)."""
    planes = [long_axis(view) for view in views] + [short_axis(height) for height in heights(slices)]
    return torch.tensor(np.array(planes), dtype=torch.float32)[None]


def tiny_batch(subjects=2, slices=4, views=tuple(DEGREES), seed=0, size=SIZE):
    """Return a batch as the device sees it: all planes present, noise for images of size x size pixels."""
    planes = len(views) + slices
    generator = torch.Generator().manual_seed(seed)
    return Sample(
        images=torch.rand(subjects, planes, FRAMES, size, size, generator=generator),
        present=torch.ones(subjects, planes, dtype=torch.bool),
        view=torch.tensor([[VIEWS.index(view) for view in views] + [0] * slices]).expand(subjects, -1),
        affine=affines(slices, views).repeat(subjects, 1, 1, 1),
        labels=torch.zeros(subjects, planes, 0, size, size, dtype=torch.uint8),
        annotated=torch.zeros(subjects, planes, len(CLASSES), dtype=torch.bool),
        phenotypes=torch.zeros(subjects, 0),
        subject=[str(900000000 + index) for index in range(subjects)],
    )


def some_of(batch, pick):
    """Return the subjects of a batch that a slice picks."""
    return type(batch)(*(field[pick] for field in batch))


def fit(task, data, folder, *callbacks, **options):
    """Train a task, keeping and saying nothing, and return the trainer."""
    quiet = {name: False for name in ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")}
    quiet |= {"use_distributed_sampler": False, "num_sanity_val_steps": 0, "accelerator": "cpu"}
    trainer = Trainer(default_root_dir=folder, callbacks=[*callbacks], **quiet, **options)
    trainer.fit(task, datamodule=data)
    return trainer


def tokens_of(batch, patch=PATCH):
    """Return all tokens of a batch."""
    return tokenise(batch.images, batch.affine, batch.present, patch)


def repaint(images, ids, patch, value):
    """Return images (B, P, T, H, W) whose tokens `ids` (B, K) have another content."""
    patches = patchify(images, patch)
    index = ids[..., None].expand(-1, -1, patches.shape[-1])
    return unpatchify(patches.scatter(1, index, value), grid_of(images, patch), patch)
