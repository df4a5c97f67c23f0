"""What is trained: an encoder of lines, and a U-Net on full images that segments; what is done stays."""

from pathlib import Path

from experiments.commands import fit, options
from experiments.kspace.settings import COILS, PLANES, SNR, TRAINED, Settings

QUIET = {"trainer.enable_progress_bar": False, "trainer.precision": "32-true", "seed_everything": 0}


def line_run(settings: Settings) -> Path:
    """Return the folder of the pretraining on lines."""
    return settings.folder / "lines"


def unet_run(settings: Settings) -> Path:
    """Return the folder of the U-Net."""
    return settings.folder / "unet"


def pretrain(settings: Settings) -> None:
    """Pretrain an encoder of lines at R = 8."""
    width, narrow = settings.widths
    decoder = {"width": narrow, "depth": 3, "heads": narrow // 32}
    told = {
        "config": "configs/kspace/pretraining.yaml",
        "model.encoder.samples": 48,
        "model.encoder.width": width,
        "model.encoder.depth": 3,
        "model.encoder.heads": width // 32,
        "model.encoder.acquisition.coils": COILS,
        "model.encoder.acquisition.snr": SNR,
        "model.decoder": {"class_path": "CrossAttentionDecoder", "init_args": decoder},
        "model.acceleration": TRAINED,
        "model.asked": 0.15,
        "model.optimisation.learning_rate": 1e-3,
        "data.views": PLANES,
        "data.batch_size": settings.batch,
        "data.augmentation": None,
        "trainer.max_steps": settings.steps,
        "trainer.limit_val_batches": 0,
    }
    fit(line_run(settings), options(told | settings.cohort.options | QUIET))


def train_unet(settings: Settings) -> None:
    """Train a U-Net on full images, which then segments whatever images it is shown."""
    told = {
        "config": "configs/segmentation_unet.yaml",
        "model.network.channels": 8,
        "model.frames": 2,
        "data.batch_size": 4,
        "data.train_subjects": 160,
        "trainer.max_epochs": settings.segmentation,
        "trainer.limit_val_batches": 4,
    }
    fit(unet_run(settings), options(told | settings.cohort.options | QUIET))
