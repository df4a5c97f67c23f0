"""Our training step, as `configs/pretraining.yaml` describes it: task, data module, optimiser and precision."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import yaml
from jsonargparse import ArgumentParser, Namespace
from lightning import LightningModule, Trainer
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils import clip_grad_norm_
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.subjects import random_subjects
from cmr_ssl.data.augment import Augmentation
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.data.sample import Sample
from cmr_ssl.fitting import has_bfloat16
from cmr_ssl.tasks import PretrainingTask
from cmr_ssl.tasks.optimisation import adamw

CONFIG = Path(__file__).parents[1] / "configs" / "pretraining.yaml"
ANY_STEPS = 1000  # of the schedule, whose shape costs nothing


def read_config() -> dict[str, Any]:
    """Return the config that is measured."""
    config: dict[str, Any] = yaml.safe_load(CONFIG.read_text())
    return config


def build(config: dict[str, Any]) -> tuple[PretrainingTask, Augmentation]:
    """Return the task and the augmentation of a config."""
    parser = ArgumentParser()
    parser.add_argument("--model", type=LightningModule)
    parser.add_argument("--augmentation", type=Augmentation)
    chosen = {"model": config["model"], "augmentation": config["data"]["init_args"]["augmentation"]}
    built: Namespace = parser.instantiate_classes(parser.parse_object(chosen))
    return built.model, built.augmentation


def data_module(augmentation: Augmentation) -> CineDataModule:
    """Return a data module that scales and augments as in training."""
    data = CineDataModule("unused", {"sa": 1}, augmentation=augmentation)
    data.trainer = Trainer(accelerator="cpu", devices=1, logger=False, enable_checkpointing=False, barebones=False)
    data.trainer.training = True
    return data


def autocast(device: torch.device) -> torch.autocast:
    """Return the precision that a run chooses on `device`."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device.type))


def steps(config: dict[str, Any], batch: Sample, device: torch.device) -> Iterator[torch.Tensor]:
    """Train on the same uint8 batch for ever, as Lightning would; yield the loss of each step."""
    warnings.filterwarnings("ignore", module="lightning")  # no trainer logs here
    task, augmentation = build(config)
    data, task = data_module(augmentation), task.to(device).train()
    batch = data.transfer_batch_to_device(batch, device, 0)
    optimizer, schedule = adamw(task, len(task.encoder.blocks), task.optimisation, ANY_STEPS)
    while True:
        with autocast(device):
            loss = task.training_step(data.on_after_batch_transfer(batch, 0), 0)
        loss.backward()
        clip_grad_norm_(task.parameters(), config["trainer"]["gradient_clip_val"])
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        yield loss.detach()


def training(planes: int, batch: int, device: torch.device) -> Iterator[torch.Tensor]:
    """Yield after each training step at full scale."""
    return steps(read_config(), random_subjects(planes, batch), device)


def training_flops(planes: int) -> float:
    """Return the operations of one training step for one subject, forward and backward; nothing is computed."""
    task, _ = build(read_config())
    batch = Sample(*(field.to("meta") if isinstance(field, torch.Tensor) else field for field in random_subjects(planes, 1)))
    batch = batch._replace(images=batch.images.float())
    # the plain kernel is made of matrix products, which the counter knows on every device
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        task.to("meta").reconstruct(batch, [0])
    return 3.0 * counter.get_total_flops()  # the backward pass has two products for each of the forward pass
