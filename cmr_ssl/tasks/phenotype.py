"""Numbers and diagnoses of whole hearts, from a pretrained encoder; `PhenotypePrediction` from anything."""

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn

from cmr_ssl.checkpoints import read_checkpoint
from cmr_ssl.cohort.phenotypes import check_known
from cmr_ssl.devices import sent, without_autocast
from cmr_ssl.losses import subject_mean
from cmr_ssl.masking import Masking, check_rules, draw_noise, mask, visible_tokens
from cmr_ssl.masking.base import check_rate
from cmr_ssl.models import AnatomicalPositions, ClassTokenPooling, Decoder, Encoded, Encoder, Pooling
from cmr_ssl.models.completion import Completion
from cmr_ssl.models.expected_table import ExpectedTable, with_share
from cmr_ssl.models.tokens import grid_of
from cmr_ssl.models.transformer import zero_head
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import subject_seeds
from cmr_ssl.tasks.aligned import aligned_at, warn_of_aligned_targets
from cmr_ssl.tasks.base import Task, TaskOutput
from cmr_ssl.tasks.encoder_task import EncoderTask
from cmr_ssl.tasks.objectives import Objective, Regression
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.reuse import Freeze, freeze_blocks, load_decoder, load_expected, load_pretrained, require_encoder
from cmr_ssl.tasks.ridge_start import RidgeStart

LATEST = 0.1  # share of the last batch in the statistics of the features, once there were enough batches


class PhenotypePrediction(Task):
    """Base of tasks that predict columns of the cohort table; what predicts them is up to the subclass."""

    monitor, mode = "val/loss", "min"

    def __init__(self, targets: list[str], objective: Objective, optimisation: Optimisation, features: int) -> None:
        """Build the last layer, from `features` of a study to what the objective wants.

        Raises:
            ValueError: if there is no target.
        """
        super().__init__(optimisation)
        if not targets:
            raise ValueError("name what to predict: --model.targets '[LVEF (%), LVEDV (mL)]'")
        self.targets, self.objective = targets, objective
        # what all hearts have in common fills their vectors almost wholly; only the rest of it tells them apart
        self.centre = nn.BatchNorm1d(features, affine=False)
        self.linear = zero_head(features, objective.outputs(targets))

    @property
    def can(self) -> tuple[str, ...]:
        """Beside what else it can: predict."""
        return (*super().can, "predict")

    @abstractmethod
    def features(self, batch: Sample) -> Tensor:
        """Return one vector a study, (B, features)."""

    def read_table(self, path: Path, subjects: list[str]) -> pd.DataFrame:
        """Return what is to be predicted of N subjects, (N, K), for the data module, whose samples carry it."""
        return self.objective.read_targets(path, self.targets, subjects)

    def setup(self, stage: str) -> None:
        """See of whom the phenotypes are known; in training also learn their spread.

        Raises:
            ValueError: if they are known of too few, or cannot be learnt.
        """
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if stage == "fit" and data.batch_size < 2:
            raise ValueError("phenotypes are learnt by comparing subjects: set --data.batch_size 2 or more")
        phenotype_tables = data.in_use()
        for split, phenotypes in phenotype_tables.items():
            check_known(phenotypes, split)
        if stage == "fit":  # in a test the statistics are those of the training, whatever cohort is looked at
            self.objective.fit_statistics(phenotype_tables["train"].to_numpy(), self.targets)

    def forward(self, batch: Sample) -> Tensor:
        """Return the raw outputs of a batch, (B, outputs)."""
        return self.head(self.features(batch))

    def head(self, features: Tensor) -> Tensor:
        """Return the raw outputs, (B, outputs), of what `features` returned."""
        with without_autocast(features.device):  # bfloat16 would round LVEDV by up to 0.1 mL
            outputs: Tensor = self.linear(self.centre(features.float()))
        return outputs

    def outputs(self, batch: Sample, frames: Tensor | None = None) -> TaskOutput:
        """Return features (B, F) and predicted values (B, K) or probabilities (B, C); labels are empty."""
        features = self.features(batch)
        values = self.objective.predict(self.head(features))
        return TaskOutput({"features": features.float()}, values, batch.labels[:, :, :0])

    def on_train_batch_start(self, batch: Sample, batch_idx: int) -> None:
        """Let the statistics of the features be those of the batches so far: no trace of where they begin."""
        self.centre.momentum = max(LATEST, 1 / (1 + self.trainer.fit_loop.total_batch_idx))

    def training_step(self, batch: Sample, batch_idx: int) -> Tensor:
        """Return the loss of one batch, each subject that has a value weighing the same."""
        losses = self.objective.loss(self(batch), batch.phenotypes)
        loss = subject_mean(losses, ~batch.phenotypes.isnan().all(dim=1))
        self.log("train/loss", loss, batch_size=len(batch.subject))
        return loss

    def on_after_backward(self) -> None:
        """Let the statistics of the features be those of all processes, the same in each."""
        if self.centre.training and self.trainer.world_size > 1:
            for own in (self.centre.running_mean, self.centre.running_var):
                assert own is not None  # for the type checker
                own.copy_(self.trainer.strategy.reduce(own.clone(), reduce_op="mean"))

    def validation_step(self, batch: Sample, batch_idx: int) -> None:
        """Keep what was predicted until the epoch ends."""
        self.seen.append((self(batch).detach(), batch.phenotypes))

    def test_step(self, batch: Sample, batch_idx: int) -> Tensor:
        """Keep the outputs until the epoch ends and return values in physical units, or probabilities."""
        outputs = self(batch).detach()
        self.seen.append((outputs, batch.phenotypes))
        return self.objective.predict(outputs)

    def on_validation_epoch_end(self) -> None:
        """Log the loss and how well each target is predicted; the objective may learn from the whole split."""
        outputs, true = self.gathered()
        self.objective.watch_validation(outputs, true)
        self.log_errors("val", outputs, true)

    def on_test_epoch_end(self) -> None:
        """Log the loss and how well each target is predicted."""
        outputs, true = self.gathered()
        self.log_errors("test", outputs, true)

    def log_errors(self, split: str, outputs: Tensor, true: Tensor) -> None:
        """Log the mean loss and what the objective measures beside it."""
        losses = self.objective.loss(outputs, true)
        self.log(f"{split}/loss", losses.nanmean(), prog_bar=True, rank_zero_only=True)
        for name, value in self.objective.measures(outputs, true, self.targets).items():
            self.log(f"{split}/{name}", value, rank_zero_only=True)

    def predict_step(self, batch: Sample, batch_idx: int = 0) -> Tensor:
        """Return values in physical units (B, K), or probabilities (B, C)."""
        return self.objective.predict(self(batch))


class PhenotypeTask(EncoderTask, PhenotypePrediction):
    """Predict phenotypes from the pretrained encoder: fine-tuned, partly frozen, or frozen (a probe)."""

    def __init__(
        self,
        targets: list[str],
        objective: Objective | None = None,
        encoder: Encoder | None = None,
        decoder: Callable[[Encoder], Decoder] | None = None,
        encoder_checkpoint: str | None = None,
        pooling: Callable[[Encoder], Pooling] = ClassTokenPooling,
        whole_heart: bool = False,
        expected_columns: int | None = None,
        expected_share: float = 0.3,
        freeze: Freeze = 0,
        masking: list[Masking] | None = None,
        mask_ratio: float = 0.0,
        head_start: RidgeStart | None = RidgeStart(),  # noqa: B008  (frozen, so a shared default is safe)
        optimisation: Optimisation = Optimisation(),  # noqa: B008  (likewise)
        seed: int = 0,
    ) -> None:
        """Put the parts together.

        Args:
            targets: columns of the cohort table, by the field's names or UK Biobank's field ids.
            objective: what is made of them; None for regression with the Huber loss.
            encoder: its description; comes from `encoder_checkpoint` where that is given.
            decoder: likewise, for `whole_heart`.
            encoder_checkpoint: of any task, whose encoder is reused; None to train from scratch.
            pooling: builds, for the encoder, what makes one vector of its tokens.
            whole_heart: whether what the decoder of the pretraining says of fixed places of the heart is read, too (see
                `Completion`), which helps most where planes are missing. Without such a decoder, tokens are read alone.
            expected_columns: of a table that the image lets expect, read, too, as `ExpectedTable` tells them; how many
                comes from `encoder_checkpoint`, where that was aligned.
            expected_share: of the kernel of a solved head that these columns make, 0 to do without, 1 for them alone.
            freeze: number of the encoder's lowest blocks that stay as they are, or "encoder" for all of it.
            masking: rules by which training hides tokens, as pretraining does; its steps are cheaper.
            mask_ratio: share of all tokens that training hides; 0 to show everything.
            head_start: how the head is solved before the first step; None to learn it from scratch, as always where the
                encoder is: it moves too fast for a solution to last.
            optimisation: AdamW and its schedule.
            seed: of the masks.

        Raises:
            ValueError: if no encoder is known, or masking and ratio do not go together.
        """
        encoder = require_encoder(encoder)
        pool, asked, completion = pooling(encoder), decoder_to_ask(encoder, decoder, whole_heart), Completion()
        columns = (expected_columns or 0) if check_rate("model.expected_share", expected_share) else 0
        width = pool.width + (completion.width(asked) if asked else 0) + columns
        super().__init__(targets, objective or Regression(), optimisation, width)
        self.save_hyperparameters()
        self.encoder, self.encoder_checkpoint, self.pooling = encoder, encoder_checkpoint, pool
        self.decoder, self.completion = asked, completion
        self.expected = ExpectedTable(encoder, columns).requires_grad_(False) if columns else None
        self.expected_share = expected_share
        if bool(masking) != (0 < mask_ratio < 1):
            raise ValueError(
                f"model.masking and model.mask_ratio {mask_ratio} go together: name rules and 0 < ratio < 1"
            )
        if masking:
            check_rules(masking)
        self.masking, self.mask_ratio, self.seed = masking or [], mask_ratio, seed
        self.always_filled = False
        self.head_start, self.frozen = head_start, freeze == "encoder"
        freeze_blocks(self.encoder, freeze)

    def setup(self, stage: str) -> None:
        """Load the pretrained weights before a training; else as in `PhenotypePrediction`."""
        if stage == "fit" and self.encoder_checkpoint:
            data = self.trainer.datamodule.state_dict()  # type: ignore[attr-defined]
            load_pretrained(self.encoder, Path(self.encoder_checkpoint), data)
            if self.decoder is not None:
                load_decoder(
                    self.decoder, read_checkpoint(Path(self.encoder_checkpoint)), Path(self.encoder_checkpoint)
                )
            if self.expected is not None:
                load_expected(self.expected, Path(self.encoder_checkpoint))
            self.aligned = aligned_at(Path(self.encoder_checkpoint))
        if self.masking:
            data = self.trainer.datamodule  # type: ignore[attr-defined]
            self.always_filled = self.fills(data.shape, data.least_planes)
        warn_of_aligned_targets(self.targets, self.aligned)
        super().setup(stage)

    @property
    def solved(self) -> RidgeStart | None:
        """How the head is solved, on features of an encoder that somebody pretrained or that does not learn."""
        return self.head_start if self.frozen or self.encoder_checkpoint is not None else None

    def on_fit_start(self) -> None:
        """Solve the head, unless a training goes on that was started before."""
        if self.solved and not self.trainer.ckpt_path:
            self.solved.start(self, self.trainer)

    def on_train_start(self) -> None:
        """Keep the statistics of a solved head; no epoch starts where a run goes on in the middle of one."""
        if self.solved:
            self.centre.eval()

    def fills(self, shape: tuple[int, int, int, int], least_planes: int) -> bool:
        """Tell whether every training subject has as many tokens as are shown: attention then needs no mask.

        Args:
            shape: of a sample, (P, T, H, W).
            least_planes: present planes of the subject that has the fewest.
        """
        grid = grid_of(torch.empty(shape, device="meta"), self.encoder.patch)
        return visible_tokens(grid, self.mask_ratio) <= least_planes * grid.per_plane

    def features(self, batch: Sample) -> Tensor:
        """Return the pooled tokens, (B, F): of the visible ones in training with a masking, else of all."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            encoded = self.encode_for_training(batch, self.current_epoch) if self.training else self.encode(batch)
        return self.pooled(encoded, self.training and self.always_filled)

    def pooled(self, encoded: Encoded, all_exist: bool = False) -> Tensor:
        """Return the features, (B, F), of encoded tokens, of which the caller may know that all exist."""
        parts: list[Tensor] = [self.pooling(encoded)]
        if self.decoder is not None:
            parts.append(self.completion(self.decoder, encoded, all_exist))
        if self.expected is not None:
            parts.append(self.expected(encoded))
        return torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]

    def spread(self, variance: Tensor) -> Tensor:
        """Return the variances (F,) by which features are divided where a head is solved, of their own `variance`."""
        if self.expected is None:
            return variance
        return with_share(variance, len(self.expected.biases), self.expected_share)

    def encode_for_training(self, batch: Sample, *parts: object) -> Encoded:
        """Encode what training shows; which tokens the masking hides depends on seed, subject and `parts`."""
        return self.encode_visible(batch, *parts) if self.masking else self.encode(batch)

    def encode_visible(self, batch: Sample, *parts: object) -> Encoded:
        """Encode the tokens that the masking leaves, (B, K)."""
        tokens = self.tokens(batch)
        seeds = subject_seeds(batch.subject, self.seed, "mask", *parts)
        noise = sent(draw_noise(len(self.masking), tokens.grid, seeds), batch.images.device)
        budget = visible_tokens(tokens.grid, self.mask_ratio)
        masked = mask(self.masking, noise, batch.present, batch.affine, budget)
        return self.encoder(tokens.take(masked.visible), self.always_filled)


def decoder_to_ask(encoder: Encoder, decoder: Callable[[Encoder], Decoder] | None, whole_heart: bool) -> Decoder | None:
    """Return the frozen decoder that is asked about fixed places; None if nobody wants it or none knows places."""
    if not whole_heart or decoder is None or not isinstance(encoder.positions, AnatomicalPositions):
        return None
    return decoder(encoder).requires_grad_(False)
