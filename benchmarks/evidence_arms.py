"""What the evidence compares: the ways to solve a task, and the ways to hide tokens from the pretraining."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import yaml

PRETRAINING = "configs/evidence/pretraining.yaml"
MASKING_EPOCHS = 6  # of a pretraining that is there to compare maskings; the one that all else starts from has 24
PROBE = ("--model.freeze", "encoder", "--trainer.max_epochs", "1", "--trainer.check_val_every_n_epoch", "1")


class Pretraining(NamedTuple):
    """One pretraining on the training split.

    Attributes:
        folder: under which its run lies, by name.
        options: what the command line says beyond the config.
    """

    folder: str
    options: tuple[str, ...]


class Arm(NamedTuple):
    """One way to solve a task.

    Attributes:
        task: phenotype or segmentation; or masking: a phenotype probe of an encoder that was pretrained otherwise.
        name: of the arm.
        config: which file.
        options: what else the command line says.
        pretraining: whose encoder it starts from; None where it learns from scratch.
    """

    task: str
    name: str
    config: str
    options: tuple[str, ...]
    pretraining: Pretraining | None = None


USUAL = Pretraining("pretraining", ())


def described() -> dict[str, Any]:
    """Return the pretraining task of the config, its arguments by name."""
    arguments: dict[str, Any] = yaml.safe_load(Path(PRETRAINING).read_text())["model"]["init_args"]
    return arguments


def arms() -> list[Arm]:
    """Return all ways to solve a task; those from scratch have the very network that was pretrained.

    A probe is solved before its first step (`RidgeStart`); that of an untrained encoder tells what pretraining adds.
    """
    scratch = ("--model.encoder", json.dumps(described()["encoder"]))
    phenotype, segmentation = "configs/phenotype.yaml", "configs/segmentation.yaml"
    small, all_alike = ("--model.head.channels", "8"), ("--model.optimisation.layer_decay", "1.0")
    faster = (*all_alike, "--model.optimisation.learning_rate", "2e-5", "--model.optimisation.encoder_factor", "30")
    return [
        Arm("phenotype", "fine-tuned", phenotype, (), USUAL),
        Arm("phenotype", "probe", phenotype, PROBE, USUAL),
        Arm("phenotype", "probe of an untrained encoder", phenotype, (*scratch, *PROBE)),
        Arm("phenotype", "scratch", phenotype, (*scratch, *faster)),
        Arm("phenotype", "ResNet", "configs/phenotype_resnet.yaml", ()),
        Arm("segmentation", "fine-tuned", segmentation, small, USUAL),
        Arm("segmentation", "scratch", segmentation, (*scratch, *small, *all_alike)),
        Arm("segmentation", "U-Net", "configs/segmentation_unet.yaml", ("--model.network.channels", "8")),
    ]


def maskings() -> list[Arm]:
    """Return probes of encoders that were pretrained briefly, alike but for what was hidden from them."""
    rules = described()["masking"]
    tubes = json.dumps([{"class_path": "cmr_ssl.masking.TubeMasking"}, *rules[1:]])
    random = {f"random, {ratio}": ["--model.mask_ratio", str(ratio)] for ratio in (0.5, 0.7, 0.9)}
    hidden = {**random, "tubes, 0.7": ["--model.masking", tubes, "--model.mask_ratio", "0.7"]}
    shorter = ("--trainer.max_epochs", str(MASKING_EPOCHS), "--data.min_planes", "8")  # which half of the tokens need
    return [
        Arm("masking", name, "configs/phenotype.yaml", PROBE, Pretraining(folder_name(name), (*options, *shorter)))
        for name, options in hidden.items()
    ]


def folder_name(name: str) -> str:
    """Return where the pretraining with the masking `name` lies."""
    return "masking-" + name.replace(", ", "-").replace(".", "")
