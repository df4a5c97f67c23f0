"""Check the launch of a run: GPUs and machines that are missing are errors before anything starts."""

from collections.abc import Mapping

import torch
from jsonargparse import Namespace
from lightning.fabric.plugins.environments import (
    LSFEnvironment,
    MPIEnvironment,
    SLURMEnvironment,
    TorchElasticEnvironment,
)
from lightning.pytorch.accelerators import AcceleratorRegistry

from cmr_ssl.devices import gpus

LAUNCHERS = (SLURMEnvironment, LSFEnvironment, TorchElasticEnvironment, MPIEnvironment)
OF_GPUS = ("gpu", "cuda")
SHARDED = ("fsdp", "deepspeed", "model_parallel")  # how names of strategies begin that spread weights
NUMBERED = ("NODE_RANK", "GROUP_RANK")  # variables with the number of this machine


def first_process(environment: Mapping[str, str]) -> bool:
    """Tell whether this is the first process of a run, launched by torchrun, SLURM, Lightning or none of them."""
    ranks = (environment.get(name) for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))  # in Lightning's order
    return int(next((rank for rank in ranks if rank is not None), 0)) == 0


def check_launch(trainer: Namespace, environment: Mapping[str, str]) -> None:
    """Raise ValueError if the trainer's config needs missing GPUs or machines, by the variables of `environment`."""
    if (strategy := str(trainer.get("strategy"))).startswith(SHARDED):
        raise ValueError(
            f"--trainer.strategy {strategy} spreads weights over devices, which our largest model, of 86 million "
            "weights, does not need, and its checkpoints could not be read here: take ddp"
        )
    if trainer.accelerator in OF_GPUS and not has_gpu(trainer.accelerator):
        raise ValueError(
            f"--trainer.accelerator {trainer.accelerator}: {gpus(0)}; choose auto or cpu, or ask the queue for a GPU"
        )
    other = trainer.accelerator not in OF_GPUS and trainer.accelerator in AcceleratorRegistry
    if other and not AcceleratorRegistry[trainer.accelerator]["accelerator"].is_available():
        raise ValueError(
            f"--trainer.accelerator {trainer.accelerator} can not run on your system: choose auto or cpu, or install "
            "what it needs"
        )
    launched = any(launcher.detect() for launcher in LAUNCHERS) or any(name in environment for name in NUMBERED)
    launched = launched or bool(trainer.get("plugins"))  # which may be an environment
    if int(trainer.num_nodes or 1) > 1 and not launched:
        raise ValueError(
            f"--trainer.num_nodes {trainer.num_nodes} is for {trainer.num_nodes} machines, but nothing starts this "
            "command on the others: leave it out on a single machine, or start it by srun or torchrun"
        )


def has_gpu(accelerator: str) -> bool:
    """Tell whether there is a GPU that `accelerator` means."""
    return torch.cuda.is_available() or (accelerator == "gpu" and torch.backends.mps.is_available())
