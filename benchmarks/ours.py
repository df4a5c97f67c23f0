"""Our training step, as `configs/pretraining.yaml` describes it: task, data module, optimiser and precision."""

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from lightning import LightningDataModule, LightningModule
from lightning.pytorch.cli import LightningCLI
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils import clip_grad_norm_
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.subjects import random_subjects
from cmr_ssl.data.sample import Sample
from cmr_ssl.fitting import has_bfloat16
from cmr_ssl.tasks.optimisation import adamw

CONFIG = Path(__file__).parents[1] / "configs" / "pretraining.yaml"
ANY_STEPS = 1000  # of the schedule, whose shape costs nothing


def build(config: Path) -> LightningCLI:
    """Return task, data module and trainer of a config, as the command line builds them but without callbacks."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")  # it misses the loop that we run ourselves
    options = {"trainer.callbacks": [], "trainer.logger": False, "trainer.enable_checkpointing": False}
    return LightningCLI(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        auto_configure_optimizers=False,
        save_config_callback=None,
        run=False,
        args=[f"--config={config}", *(f"--{name}={value}" for name, value in options.items())],
    )


def steps(config: Path, batch: Sample, device: torch.device) -> Iterator[torch.Tensor]:
    """Train on the same uint8 batch for ever, as Lightning would; yield the loss of each step."""
    run = build(config)
    task, data = run.model.to(device).train(), run.datamodule
    data.trainer, run.trainer.training = run.trainer, True  # so that the data module augments
    batch = data.transfer_batch_to_device(batch, device, 0)
    optimizer, schedule = adamw(task, len(task.encoder.blocks), task.optimisation, ANY_STEPS)
    while True:
        with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device.type)):
            loss = task.training_step(data.on_after_batch_transfer(batch, 0), 0)
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm_(task.parameters(), run.trainer.gradient_clip_val or float("inf"))
        optimizer.step()
        schedule.step()
        yield loss.detach()


def training(planes: int, batch: int, device: torch.device) -> Iterator[torch.Tensor]:
    """Yield after each training step at full scale."""
    return steps(CONFIG, random_subjects(planes, batch), device)


def training_flops(planes: int) -> float:
    """Return the operations of one training step for one subject, forward and backward; nothing is computed."""
    task: Any = build(CONFIG).model.to("meta")
    batch = random_subjects(planes, 1)
    images, present, affine = (tensor.to("meta") for tensor in (batch.images.float(), batch.present, batch.affine))
    batch = batch._replace(images=images, present=present, affine=affine)
    # the plain kernel is made of matrix products, which the counter knows on every device
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        task.reconstruct(batch, [0])
    return 3.0 * counter.get_total_flops()  # the backward pass has two products for each of the forward pass
