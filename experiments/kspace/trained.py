"""What is trained, on the development cohort: encoders of few lines, and U-Nets that segment; what is done stays."""

from pathlib import Path

from experiments.commands import fit, options
from experiments.kspace.settings import COILS, PLANES, SNR, TRAINED, Settings

UNDERSAMPLED = {
    "class_path": "cmr_ssl.corruption.KSpaceUndersampling",
    "init_args": {
        "rate": 1.0,
        "acquisition": {
            "class_path": "cmr_ssl.kspace.Acquisition",
            "init_args": {
                "sampling": {"class_path": "cmr_ssl.kspace.VariableDensity", "init_args": {"acceleration": TRAINED}},
                "coils": COILS,
                "snr": SNR,
            },
        },
        "reconstruction": {"class_path": "cmr_ssl.kspace.ViewSharing"},
    },
}
QUIET = {"trainer.enable_progress_bar": False, "trainer.precision": "32-true", "seed_everything": 0}


def line_run(settings: Settings) -> Path:
    """Return the folder of the pretraining on lines."""
    return settings.folder / "lines"


def taught_run(settings: Settings) -> Path:
    """Return the folder of the encoder of images that is taught to read undersampled studies."""
    return settings.folder / "taught"


def unet_run(settings: Settings, undersampled: bool = False) -> Path:
    """Return the folder of the U-Net that learns from full images, or from undersampled ones."""
    return settings.folder / ("unet-undersampled" if undersampled else "unet")


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


def teach(settings: Settings) -> None:
    """Teach a copy of the encoder of images to say of shared lines what the original says of full images."""
    told = {
        "config": "configs/kspace/distillation.yaml",
        "model.encoder_checkpoint": settings.image_encoder,
        "model.corruption": [UNDERSAMPLED],
        "data.views": PLANES,
        "trainer.max_steps": settings.taught,
        "trainer.limit_val_batches": 4,
    }
    fit(taught_run(settings), options(told | settings.cohort.options | QUIET))


def train_unet(settings: Settings, undersampled: bool = False) -> None:
    """Train a U-Net on full images, or on images of shared lines."""
    told = {
        "config": "configs/segmentation_unet.yaml",
        "model.frames": 2,
        "model.corruption": [UNDERSAMPLED] if undersampled else None,
        "data.views": PLANES,
        "data.batch_size": 2,
        "trainer.max_steps": settings.segmentation,
        "trainer.limit_val_batches": 4,
    }
    fit(unet_run(settings, undersampled), options(told | settings.cohort.options | QUIET))


def train_undersampled_unet(settings: Settings) -> None:
    """Train a U-Net on images of shared lines."""
    train_unet(settings, undersampled=True)
