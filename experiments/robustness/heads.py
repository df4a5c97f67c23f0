"""What the models of docs/robustness.md learn after their pretraining, from labels of the development cohort."""

import json
from pathlib import Path
from typing import NamedTuple

from benchmarks.evidence.cohorts import MIN_PLANES, Cohort
from benchmarks.evidence.pretrainings import described

LABELS = 300
FRAMES = 2  # of a study that a step of segmentation looks at
PLANE_DROPOUT = 0.5  # as the masking of configs/phenotype.yaml
STEPS = {"phenotype": 2000, "segmentation": 150}  # of networks that learn by steps
BATCH = {"phenotype": 8, "segmentation": 4}
PROBE = ("--model.freeze", "encoder", "--trainer.max_epochs", "1", "--trainer.check_val_every_n_epoch", "1")


class Pretraining(NamedTuple):
    """One pretraining on the development cohort.

    Attributes:
        folder: under which its run lies, by name.
        options: what the command line says beyond the config.
    """

    folder: str
    options: tuple[str, ...]


class Arm(NamedTuple):
    """One way to solve a task.

    Attributes:
        task: phenotype or segmentation.
        config: which file.
        options: what else the command line says.
        pretraining: whose encoder it starts from; None where it starts from none.
    """

    task: str
    config: str
    options: tuple[str, ...]
    pretraining: Pretraining | None = None


USUAL = Pretraining("pretraining-0", ())


def probe(pretraining: Pretraining, *options: str) -> Arm:
    """Return a head for phenotypes, solved on the frozen encoder of a pretraining."""
    return Arm("phenotype", "configs/phenotype.yaml", (*PROBE, *options), pretraining)


def untrained_probe() -> Arm:
    """Return the same on an encoder whose weights stay as they were drawn."""
    return Arm("phenotype", "configs/phenotype.yaml", ("--model.encoder", json.dumps(described()["encoder"]), *PROBE))


def resnet() -> Arm:
    """Return a network that learns phenotypes from studies that lack planes."""
    return Arm("phenotype", "configs/phenotype_resnet.yaml", ("--model.plane_dropout", str(PLANE_DROPOUT)))


def segmentations() -> dict[str, Arm]:
    """Return networks that segment, by name: with the whole heart in mind, and each plane by itself."""
    small = ("--model.head.channels", "8")
    return {
        "ours, segmenting": Arm("segmentation", "configs/segmentation.yaml", small, USUAL),
        "U-Net, plane by plane": Arm(
            "segmentation", "configs/segmentation_unet.yaml", ("--model.network.channels", "8")
        ),
    }


def words(arm: Arm, cohort: Cohort, encoder: Path | None) -> list[str]:
    """Return what `fit` is told.

    Args:
        arm: what is trained.
        cohort: whose labels are given.
        encoder: checkpoint that it starts from; None for none.
    """
    batch = BATCH[arm.task]
    epochs = max(1, round(STEPS[arm.task] / (LABELS // batch)))
    data = ["--data.cache", str(cohort.cache), "--data.fractions", str(list(cohort.fractions)), "--data.workers", "0"]
    data += ["--data.train_subjects", str(LABELS), "--data.batch_size", str(batch)]
    data += ["--data.min_planes", str(MIN_PLANES)]
    data += ["--model.frames", str(FRAMES)] if arm.task == "segmentation" else ["--data.table", str(cohort.table)]
    data += ["--model.encoder_checkpoint", str(encoder)] if encoder else []
    trainer = ["--trainer.max_epochs", str(epochs), "--trainer.check_val_every_n_epoch", str(max(1, epochs // 10))]
    quiet = ["--trainer.enable_progress_bar", "false"]
    return ["--config", arm.config, "--seed_everything", "0", *data, *trainer, *quiet, *arm.options]
