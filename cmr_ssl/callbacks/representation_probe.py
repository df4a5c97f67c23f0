"""Probe the representation during pretraining: a linear head with few labels, and the effective rank."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.rank_zero import rank_zero_info
from torch import Tensor

from cmr_ssl.cohort.phenotypes import read_phenotypes
from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.models.landmarks import Landmarks
from cmr_ssl.probing import EncodedBatch, RawPixels, Readout, Spectrum, Tokens, rank_between
from cmr_ssl.probing.closed_form import scores, solve
from cmr_ssl.sample import readable, to_device
from cmr_ssl.tasks.pretraining import PretrainingTask


class Labelled(NamedTuple):
    """Subjects and their phenotypes, a row each."""

    training: pd.DataFrame
    validation: pd.DataFrame


class RepresentationProbe(Callback):
    """Log the accuracy of a linear head on the frozen tokens with few labels, beside that on raw pixels.

    A loss can fall while the representation becomes worse. Before the first step (an untrained encoder), every few
    epochs and at the end this solves a ridge regression on tokens around landmarks of some training subjects and logs,
    of the validation split, ``probe/r2_TARGET`` and ``probe/mae_TARGET``; ``probe/raw_r2_TARGET`` and
    ``probe/raw_mae_TARGET`` are those of pixels without any network, which never change; ``probe/rank`` is the
    effective rank of the tokens (RankMe), to which their positions contribute, and ``probe/rank_between`` that of the
    differences between validation subjects. No random numbers are drawn, so the training is unchanged. The first
    process computes it, the others wait.
    """

    def __init__(self, targets: list[str], labels: int = 100, every_n_epochs: int = 10, validation: int = 200) -> None:
        """Choose targets, subjects and epochs; raise ValueError if there is no target, or a number is too small.

        Args:
            targets: numeric columns of the cohort table, by the field's names or UK Biobank's field ids.
            labels: training subjects that the head learns from, at most.
            every_n_epochs: probe after these epochs, and after the last.
            validation: subjects of the validation split it is measured on, at most.
        """
        if not targets or labels < 2 or every_n_epochs < 1 or validation < 2:
            raise ValueError(
                f"RepresentationProbe needs targets, 2 or more labels and validation subjects and epochs, got "
                f"targets {targets}, labels {labels}, validation {validation}, every_n_epochs {every_n_epochs}"
            )
        self.targets, self.labels, self.every_n_epochs, self.validation = targets, labels, every_n_epochs, validation
        self.labelled = Labelled(pd.DataFrame(), pd.DataFrame())
        self.raw: dict[str, float] = {}
        self.step = -1

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Read the phenotypes before training; raise ValueError without pretraining task or table."""
        if stage != "fit":
            return
        if not isinstance(pl_module, PretrainingTask):
            raise ValueError(
                f"RepresentationProbe follows a PretrainingTask, not {type(pl_module).__name__}: leave it out of the "
                "callbacks"
            )
        data: CineDataModule = trainer.datamodule  # type: ignore[attr-defined]
        if data.table is None:
            raise ValueError(
                "RepresentationProbe needs phenotypes: name their table with --data.table FILE, or leave it out of the "
                "callbacks"
            )
        self.labelled = Labelled(
            self.phenotypes(data, data.subjects["train"], self.labels),
            self.phenotypes(data, data.subjects["val"], self.validation),
        )

    def phenotypes(self, data: CineDataModule, subjects: Sequence[str], count: int) -> pd.DataFrame:
        """Return the phenotypes of `count` of the subjects with any."""
        table = pd.DataFrame(read_phenotypes(data.table_file(), self.targets, subjects), subjects, self.targets)
        table = table.dropna(how="all")
        return table.loc[first_subjects(list(table.index), count)]

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Probe the untrained encoder, unless a run is resumed."""
        if not trainer.ckpt_path:
            self.probe(trainer, pl_module)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Probe after every few epochs."""
        if (trainer.current_epoch + 1) % self.every_n_epochs == 0:
            self.probe(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Probe the trained encoder."""
        if self.step != trainer.global_step:
            self.probe(trainer, pl_module)

    def probe(self, trainer: Trainer, task: LightningModule) -> None:
        """Measure and log in the first process."""
        self.step = trainer.global_step
        if trainer.is_global_zero:
            metrics = self.measure(trainer, task)
            for logger in trainer.loggers:
                logger.log_metrics(metrics, step=trainer.global_step)
            text = ", ".join(f"{name.removeprefix('probe/')} {value:.3g}" for name, value in metrics.items())
            rank_zero_info(f"Probe after {trainer.global_step} steps: {text}")
        trainer.strategy.barrier("RepresentationProbe")

    @torch.no_grad()
    def measure(self, trainer: Trainer, task: LightningModule) -> dict[str, float]:
        """Return the logged metrics."""
        assert isinstance(task, PretrainingTask)  # for the type checker: `setup` refuses others
        data: CineDataModule = trainer.datamodule  # type: ignore[attr-defined]
        patch = task.encoder.patch
        landmarks = Landmarks(beats=data.shape[1] // patch[0]).to(task.device)
        training = task.training
        task.eval()
        # where parts are compiled, batches of other sizes would be compiled one by one
        with trainer.precision_plugin.forward_context(), torch.compiler.set_stance("force_eager"):
            if not self.raw:
                self.raw = self.accuracy(probe_features(data, task, RawPixels(landmarks, patch), self.labelled), "raw_")
            features = probe_features(data, task, Tokens(landmarks), self.labelled)
        task.train(training)
        ranks = {"probe/rank": features.rank, "probe/rank_between": rank_between(features.validation)}
        return self.accuracy(features, "") | self.raw | ranks

    def accuracy(self, features: "ProbeFeatures", prefix: str) -> dict[str, float]:
        """Return R2 and mean absolute error of each target of a head on the validation subjects."""
        head = solve(features.training[:, None], features.training_targets, self.targets)
        r2, mae = scores(head.predict(features.validation), features.validation_targets)
        metrics = {}
        for index, target in enumerate(self.targets):
            metrics[f"probe/{prefix}r2_{target}"] = float(r2[index])
            metrics[f"probe/{prefix}mae_{target}"] = float(mae[index])
        return metrics


class ProbeFeatures(NamedTuple):
    """Features and targets that a head learns from and is measured on.

    Attributes:
        training: features of training subjects, (N, F).
        training_targets: their phenotypes, (N, K).
        validation: features of validation subjects, (M, F).
        validation_targets: their phenotypes, (M, K).
        rank: effective rank of the validation subjects' tokens; 0 without an encoder.
    """

    training: Tensor
    training_targets: Tensor
    validation: Tensor
    validation_targets: Tensor
    rank: float


def probe_features(data: CineDataModule, task: PretrainingTask, readout: Readout, labelled: Labelled) -> ProbeFeatures:
    """Return features and phenotypes of the labelled subjects that can be read, on the host."""
    training = collect_features(data, task, readout, labelled.training, Spectrum(task.encoder.width))
    spectrum = Spectrum(task.encoder.width)
    validation = collect_features(data, task, readout, labelled.validation, spectrum)
    return ProbeFeatures(*training, *validation, spectrum.effective_rank())


def collect_features(
    data: CineDataModule, task: PretrainingTask, readout: Readout, table: pd.DataFrame, spectrum: Spectrum
) -> tuple[Tensor, Tensor]:
    """Return features (N, F) and phenotypes (N, K) of the subjects of a table; add tokens to the spectrum."""
    features: list[Tensor] = []
    subjects: list[str] = []
    for batch in PlaneLoader(data.dataset(list(table.index)), data.batch_size):
        kept = readable(batch)
        if not kept.subject:
            continue
        encoded = EncodedBatch(task.encoder, data.scaled(to_device(kept, task.device)))
        features.append(readout.features(encoded).float().cpu())
        subjects += kept.subject
        if encoded.is_encoded:
            spectrum.add(encoded.encoded.tokens[encoded.encoded.exists])
    return torch.cat(features), torch.tensor(table.loc[subjects].to_numpy(), dtype=torch.float64)
