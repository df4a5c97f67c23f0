"""Masked modelling of k-space: the scanner hides lines, and the decoder predicts them. The k-space is simulated.

Setting: Li et al., KMAE, 2024, arXiv 2407.20108.
"""

from collections.abc import Callable

from torch import Tensor

from cmr_ssl.devices import sent
from cmr_ssl.kspace import LineEncoder, Lines
from cmr_ssl.losses import mean_where, patch_errors, subject_mean
from cmr_ssl.masking import draw_uniform
from cmr_ssl.models import Decoder
from cmr_ssl.models.encoder import Encoder
from cmr_ssl.models.tokens import take
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import subject_seeds
from cmr_ssl.tasks.base import TaskOutput
from cmr_ssl.tasks.line_task import LineTask, unchanging
from cmr_ssl.tasks.optimisation import Optimisation


class LinePretrainingTask(LineTask):
    """Pretrain an encoder of lines by predicting those that were not acquired.

    What neighbouring frames measured at the same k_y is given: to be learnt is what moves, and what no frame measured.
    """

    monitor, mode = "val/nmse", "min"

    def __init__(
        self,
        encoder: LineEncoder,
        decoder: Callable[[Encoder], Decoder],
        asked: float = 0.25,
        acceleration: float | None = None,
        optimisation: Optimisation = Optimisation(),  # noqa: B008  (frozen, so a shared default is safe)
        seed: int = 0,
    ) -> None:
        """Put the parts together.

        Args:
            encoder: what is to be pretrained; its acquisition says which lines it sees.
            decoder: builds the decoder for the encoder.
            asked: share of the hidden lines that a training step predicts; drawn anew for each subject and epoch.
            acceleration: at which k-space is acquired; None for that of the encoder's sampling.
            optimisation: AdamW and its schedule.
            seed: of phase, lines and noise.

        Raises:
            ValueError: if `asked` is no share, or the acceleration is below 1.
        """
        super().__init__(optimisation, ("loss", "nmse", "nmse_shared", "nmse_zero_filled"))
        if not 0 < asked <= 1:
            raise ValueError(f"model.asked is a share of the hidden lines, above 0 and up to 1, got {asked}")
        self.save_hyperparameters()
        self.encoder, self.decoder = encoder, unchanging(decoder(encoder))
        self.acquisition = encoder.acquisition.at(acceleration) if acceleration else encoder.acquisition
        self.asked, self.seed = asked, seed

    def setup(self, stage: str) -> None:
        """Check that lines can be made of the data and that some are hidden, before anything is trained.

        Raises:
            ValueError: if not.
        """
        self.check_planes()
        rows = self.trainer.datamodule.shape[2]  # type: ignore[attr-defined]
        if self.acquisition.sampling.lines(rows) == rows:
            raise ValueError(
                f"an acceleration of {self.acquisition.sampling.acceleration:g} hides none of {rows} lines: there is "
                "nothing to predict, so set --model.acceleration above 1"
            )

    def outputs(self, batch: Sample, frames: Tensor | None = None) -> TaskOutput:
        """Return embeddings, each (B, D), by name; values (B, 0) and labels (B, P, 0, H, W) are empty."""
        return TaskOutput(self.embed(batch).by_name(), batch.phenotypes[:, :0], batch.labels[:, :, :0])

    def predict_lines(self, lines: Lines, ids: Tensor) -> Tensor:
        """Return what the lines `ids` (B, Q) hold, (B, Q, 2 C W), predicted from those that were acquired."""
        return self.predicted(self.decoder, self.encoder.encode_lines(lines), lines, ids)

    def some_hidden(self, lines: Lines, seeds: list[int]) -> Tensor:
        """Return the ids of a few hidden lines of each study, (B, Q), drawn from its seed."""
        hidden = lines.hidden.shape[1]
        draws = sent(draw_uniform((hidden,), seeds), lines.hidden.device)
        chosen = draws.topk(max(1, round(self.asked * hidden)), dim=1)
        return lines.hidden.gather(1, chosen.indices)

    def losses(self, lines: Lines, ids: Tensor, predicted: Tensor) -> Tensor:
        """Return the squared error of predicted lines (B, Q, 2 C W) of each subject, (B,); NaN where none exists."""
        return mean_where(patch_errors(predicted, take(lines.true(), ids)), lines.exists.gather(1, ids))

    def training_step(self, batch: Sample, batch_idx: int) -> Tensor:
        """Return the loss of one batch, each subject weighing the same."""
        lines = self.acquire(batch, self.current_epoch)
        ids = self.some_hidden(lines, subject_seeds(batch.subject, self.seed, "hidden lines", self.current_epoch))
        losses = self.losses(lines, ids, self.predict_lines(lines, ids))
        loss = subject_mean(losses, lines.exists.gather(1, ids).any(dim=1))
        self.log("train/loss", loss, batch_size=len(batch.subject))
        return loss

    def validation_step(self, batch: Sample, batch_idx: int) -> None:
        """Measure one batch with lines that are the same in every epoch."""
        self.log_means("val", self.measure(batch))

    def test_step(self, batch: Sample, batch_idx: int) -> None:
        """Measure one batch as in validation."""
        self.log_means("test", self.measure(batch))

    def measure(self, batch: Sample) -> dict[str, Tensor]:
        """Return the error of hidden lines and the NMSE of cines, each (B,): ours, shared over frames, zero-filled."""
        lines = self.acquire(batch)
        predicted = self.predict_lines(lines, lines.hidden)
        return {
            "loss": self.losses(lines, lines.hidden, predicted),
            "nmse": nmse(lines.images(lines.hidden, predicted), batch),
            "nmse_shared": nmse(lines.images(lines.hidden, take(lines.shared(), lines.hidden)), batch),
            "nmse_zero_filled": nmse(lines.zero_filled(), batch),
        }


def nmse(images: Tensor, batch: Sample) -> Tensor:
    """Return sum of (x - y)^2 over sum of y^2, over the present planes of each study; x, y (B, P, T, H, W); (B,)."""
    there = batch.present[..., None, None, None]
    error, power = (
        (part.float() * there).square().flatten(1).sum(dim=1) for part in (images - batch.images, batch.images)
    )
    return error / power.clamp(min=1e-12)
