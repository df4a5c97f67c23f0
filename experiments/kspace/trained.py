"""What is trained: an encoder of lines, and a U-Net on full images that segments."""

import json
from pathlib import Path

from benchmarks.evidence.cohorts import MIN_PLANES
from benchmarks.evidence.commands import fit
from benchmarks.kspace.settings import COILS, PLANES, SNR, TRAINED, Settings

QUIET = ("--trainer.enable_progress_bar", "false", "--trainer.precision", "32-true", "--seed_everything", "0")
CONFIG = "configs/kspace/pretraining.yaml"


def line_run(settings: Settings) -> Path:
    """Return the folder of the pretraining on lines."""
    return settings.folder / "lines"


def unet_run(settings: Settings) -> Path:
    """Return the folder of the U-Net."""
    return settings.folder / "unet"


def last(folder: Path) -> Path:
    """Return the last checkpoint of a run."""
    return folder / "checkpoints" / "last.ckpt"


def pretrain(settings: Settings) -> None:
    """Pretrain an encoder of lines at R = 8; what is done stays."""
    width, narrow = settings.widths
    decoder = {"width": narrow, "depth": 3, "heads": narrow // 32}
    encoder = {"samples": 48, "width": width, "depth": 3, "heads": width // 32}
    model = [part for name, value in encoder.items() for part in (f"--model.encoder.{name}", str(value))]
    model += ["--model.encoder.acquisition.coils", str(COILS), "--model.encoder.acquisition.snr", str(SNR)]
    model += ["--model.decoder", json.dumps({"class_path": "CrossAttentionDecoder", "init_args": decoder})]
    model += ["--model.acceleration", str(TRAINED), "--model.asked", "0.15"]
    model += ["--model.optimisation.learning_rate", "1e-3"]
    data = ["--data.views", json.dumps(PLANES), "--data.batch_size", str(settings.batch), "--data.workers", "0"]
    data += ["--data.augmentation", "null"]
    trainer = ["--trainer.max_steps", str(settings.steps), "--trainer.limit_val_batches", "0"]
    run(line_run(settings), ["--config", CONFIG, *model, *data, *trainer, *common(settings)])


def train_unet(settings: Settings) -> None:
    """Train a U-Net on full images, which then segments whatever images it is shown; what is done stays."""
    words = ["--config", "configs/segmentation_unet.yaml", "--model.network.channels", "8", "--model.frames", "2"]
    words += ["--data.batch_size", "4", "--data.workers", "0", "--data.train_subjects", "160"]
    words += ["--trainer.max_epochs", str(settings.segmentation), "--trainer.limit_val_batches", "4"]
    run(unet_run(settings), [*words, *common(settings)])


def common(settings: Settings) -> list[str]:
    """Return which data are meant, and no noise."""
    cohort = settings.cohort
    data = ["--data.cache", str(cohort.cache), "--data.fractions", str(list(cohort.fractions))]
    return [*data, "--data.min_planes", str(MIN_PLANES), *QUIET]


def run(folder: Path, words: list[str]) -> None:
    """Train, unless that is done."""
    done = folder / "done.txt"
    if not done.exists():
        fit(folder, words)
        done.touch()
