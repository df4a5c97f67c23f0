"""Cines from undersampled k-space: how near they are to the full ones, and how well U-Nets segment them."""

from collections.abc import Iterator

import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics.functional.image import structural_similarity_index_measure as ssim

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.kspace import Lines
from cmr_ssl.models.plane_head import pick_frames
from cmr_ssl.overlap import dice_per_structure
from cmr_ssl.robustness.undersampling import FULL, LINES
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.line_pretraining import LinePretrainingTask, nmse
from cmr_ssl.tasks.segmentation import Segmentation
from cmr_ssl.tasks.trained import load_task
from experiments.cohorts import opened
from experiments.commands import last
from experiments.kspace.settings import PLANES, Settings
from experiments.kspace.trained import line_run, unet_run
from experiments.kspace.ways import RECONSTRUCTIONS

MYOCARDIUM = CLASSES.index("myocardium") - 1  # among structures, which leave the background out
DICE, DICE_OF_THE_SAME = "Dice, U-Net of full images", "Dice, U-Net of shared lines"
ALL_LINES = 1.0


@torch.inference_mode()
def measured(settings: Settings) -> pd.DataFrame:
    """Return NMSE, SSIM and the Dice of the myocardium, a row a subject, way, acceleration and measure."""
    data = opened(settings.hearts, PLANES, labels=True)
    lines = load_task(last(line_run(settings))).task
    assert isinstance(lines, LinePretrainingTask)  # for the type checker
    unets = {DICE: unet(settings, undersampled=False), DICE_OF_THE_SAME: unet(settings, undersampled=True)}
    rows = []
    for batch in DataLoader(data.dataset(first_subjects(data.subjects["test"], settings.cines)), 4):
        full = data.scaled(batch)
        for way, acceleration, images in made(lines, settings, full):
            found = {"NMSE": nmse(images, full), "SSIM": similarity(images, full)}
            found |= {name: myocardium(network, images, full) for name, network in unets.items()}
            for measure, values in found.items():
                about = {"way": way, "acceleration": acceleration, "measure": measure}
                rows += [
                    about | {"subject": subject, "value": float(value)}
                    for subject, value in zip(full.subject, values, strict=True)
                ]
    return pd.DataFrame(rows)


def unet(settings: Settings, undersampled: bool) -> Segmentation:
    """Return a trained U-Net."""
    task = load_task(last(unet_run(settings, undersampled))).task
    assert isinstance(task, Segmentation)  # for the type checker
    return task


def myocardium(network: Segmentation, images: Tensor, full: Sample) -> Tensor:
    """Return the Dice of the myocardium of each study that is shown as `images`, (B,)."""
    frames = network.judged_frames(full)
    labels = network.classes(network.logits(full._replace(images=images.clamp(0, 1)), frames))
    return dice_per_structure(labels, pick_frames(full.labels, frames), full.annotated)[:, MYOCARDIUM]


def made(task: LinePretrainingTask, settings: Settings, batch: Sample) -> Iterator[tuple[str, float, Tensor]]:
    """Yield each way, its acceleration and its images, (B, P, T, H, W), all of the same lines."""
    yield FULL, ALL_LINES, batch.images
    for acceleration in settings.accelerations:
        lines = task.at(acceleration).acquire(batch)
        for way, reconstruction in RECONSTRUCTIONS.items():
            images = reconstruction(lines.acquired) if reconstruction else lines.acquired.zero_filled()
            yield way, acceleration, lines.planes(images)
        yield LINES, acceleration, completed(task, lines)


def completed(task: LinePretrainingTask, lines: Lines) -> Tensor:
    """Return the images of measured lines and of those that the pretrained decoder predicts."""
    return lines.images(lines.hidden, task.predict_lines(lines, lines.hidden))


def similarity(images: Tensor, batch: Sample) -> Tensor:
    """Return the mean SSIM of the frames of each study's present planes, (B,)."""
    found = []
    for shown, true, present in zip(images, batch.images, batch.present, strict=True):
        one, other = (part[present].flatten(0, 1)[:, None] for part in (shown, true))
        found.append(torch.as_tensor(ssim(one, other, data_range=1.0)))
    return torch.stack(found)
