"""Pictures of reconstructions of the same subjects under the same masks after every validation."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from numpy.typing import NDArray
from tensorboard.compat.proto.summary_pb2 import Summary
from torch.utils.data import default_collate

from cmr_ssl.files import save
from cmr_ssl.report.montage import gif, png, stack
from cmr_ssl.report.reconstruction_figures import Compared, compared_planes
from cmr_ssl.tasks.pretraining import PretrainingTask

Cine = NDArray[np.float32]


class Reconstructions(Callback):
    """Write ``figures/reconstruction_SUBJECT.png`` and ``.gif`` into the run folder, and the same to TensorBoard.

    The picture shows end diastole (first frame) above a frame at a third of the beat, near end systole. Visible patches
    are as acquired, hidden ones as predicted. Dropped planes are framed.
    """

    def __init__(self, subjects: int = 3, every_n_epochs: int = 1) -> None:
        """Choose how many pictures and how often; both numbers are at least 1.

        Args:
            subjects: the first of the validation split, by id.
            every_n_epochs: draw after these epochs, and after the last.
        """
        if min(subjects, every_n_epochs) < 1:
            raise ValueError(f"subjects {subjects} and every_n_epochs {every_n_epochs} must be at least 1")
        self.subjects, self.every_n_epochs = subjects, every_n_epochs

    @rank_zero_only
    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw, unless this is the sanity check or not yet due."""
        epoch = trainer.current_epoch + 1
        due = epoch % self.every_n_epochs == 0 or epoch == trainer.max_epochs or trainer.validating
        if trainer.sanity_checking or not due or not isinstance(pl_module, PretrainingTask):
            return
        for subject, compared in self.compare(trainer, pl_module):
            frames = [compared.picture(frame) for frame in range(compared.original.shape[1])]
            still, cine = png(stack([frames[0], frames[len(frames) // 3]])), gif(frames)
            folder = Path(trainer.default_root_dir) / "figures"
            save(folder / f"reconstruction_{subject}.png", still)
            save(folder / f"reconstruction_{subject}.gif", cine)
            log_image(trainer, f"reconstruction/{subject}", still)
            log_image(trainer, f"reconstruction_cine/{subject}", cine)

    def compare(self, trainer: Trainer, task: PretrainingTask) -> Iterator[tuple[str, Compared]]:
        """Reconstruct the fixed subjects one by one."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        dataset = data.dataset(data.subjects["val"][: self.subjects])
        for index in range(len(dataset)):
            batch = data.transfer_batch_to_device(default_collate([dataset[index]]), task.device, 0)
            batch = data.on_after_batch_transfer(batch, 0)
            with torch.no_grad(), trainer.precision_plugin.forward_context():
                result = task.reconstruct(batch, task.fixed_seeds(batch))
                yield batch.subject[0], compared_planes(batch, result, task)


def log_image(trainer: Trainer, tag: str, encoded: bytes) -> None:
    """Send an encoded PNG or GIF to every TensorBoard logger."""
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            image = Summary.Image(encoded_image_string=encoded)
            writer = logger.experiment._get_file_writer()
            writer.add_summary(Summary(value=[Summary.Value(tag=tag, image=image)]), trainer.global_step)
