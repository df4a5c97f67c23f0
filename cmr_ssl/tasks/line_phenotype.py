"""Numbers and diagnoses from lines of k-space, without images in between. The k-space is simulated."""

from collections.abc import Callable

from cmr_ssl.kspace import LineEncoder
from cmr_ssl.models import ClassTokenPooling, Encoded, Pooling
from cmr_ssl.models.encoder import Encoder
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.line_task import LineTask
from cmr_ssl.tasks.objectives import Objective
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.phenotype import PhenotypeTask
from cmr_ssl.tasks.reuse import Freeze, require_encoder
from cmr_ssl.tasks.ridge_start import RidgeStart


class LinePhenotypeTask(LineTask, PhenotypeTask):
    """Predict phenotypes or a diagnosis from the lines that were acquired; `PhenotypeTask` with another input."""

    def __init__(
        self,
        targets: list[str],
        objective: Objective | None = None,
        encoder: LineEncoder | None = None,
        encoder_checkpoint: str | None = None,
        pooling: Callable[[Encoder], Pooling] = ClassTokenPooling,
        freeze: Freeze = 0,
        acceleration: float | None = None,
        head_start: RidgeStart | None = RidgeStart(),  # noqa: B008  (frozen, so a shared default is safe)
        optimisation: Optimisation = Optimisation(),  # noqa: B008  (likewise)
        seed: int = 0,
    ) -> None:
        """Put the parts together; what is not said here is as in `PhenotypeTask`.

        Args:
            targets: columns of the cohort table.
            objective: what is made of them; None for regression with the Huber loss.
            encoder: its description; comes from `encoder_checkpoint` where that is given.
            encoder_checkpoint: of a task on lines, whose encoder is reused; None to train from scratch.
            pooling: builds, for the encoder, what makes one vector of its tokens.
            freeze: number of the encoder's lowest blocks that stay as they are, or "encoder" for all of it.
            acceleration: at which k-space is acquired; None for that of the encoder's sampling.
            head_start: how the head is solved before the first step; None to learn it from scratch.
            optimisation: AdamW and its schedule.
            seed: of phase, lines and noise.

        Raises:
            ValueError: if no encoder is known, or the acceleration is below 1.
        """
        reused = require_encoder(encoder)
        super().__init__(
            targets,
            objective,
            reused,
            encoder_checkpoint=encoder_checkpoint,
            pooling=pooling,
            freeze=freeze,
            head_start=head_start,
            optimisation=optimisation,
            seed=seed,
        )
        self.save_hyperparameters()
        assert isinstance(reused, LineEncoder)  # for the type checker
        self.acquisition = reused.acquisition.at(acceleration) if acceleration else reused.acquisition

    def setup(self, stage: str) -> None:
        """Check that lines can be made of the data; then as in `PhenotypeTask`."""
        self.check_planes()
        super().setup(stage)

    def encode_for_training(self, batch: Sample, *parts: object) -> Encoded:
        """Encode what is acquired in training; which lines depends on seed, subject and `parts`."""
        return self.encoder.encode_lines(self.acquire(batch, *parts))
