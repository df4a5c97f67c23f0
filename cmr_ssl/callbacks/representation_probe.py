"""What the representation is worth while it is being learnt: few labels, a linear head, and how many directions."""

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
    """Log what a linear head learns from the frozen tokens with few labels, beside what it learns from raw pixels.

    A loss can fall while the representation becomes worse. Before the first step (an untrained encoder), every few
    epochs and at the end this solves a ridge regression on tokens around landmarks of some training subjects and logs,
    of the validation split, ``probe/r2_TARGET`` and ``probe/mae_TARGET``; ``probe/raw_r2_TARGET`` and
    ``probe/raw_mae_TARGET`` are those of pixels without any network, which never change; ``probe/rank`` is the
    effective rank of the tokens (RankMe), to which their places contribute, and ``probe/rank_between`` that of what
    tells the validation subjects apart. Nothing is drawn, so nothing of the training changes. The first process does
    it, the others wait.
    """

    def __init__(self, targets: list[str], labels: int = 100, every_n_epochs: int = 10, validation: int = 200) -> None:
        """Choose what is asked, of how many and how often.

        Args:
            targets: numeric columns of the cohort table, by the field's names or UK Biobank's field ids.
            labels: training subjects that the head learns from, at most.
            every_n_epochs: probe after these epochs, and after the last.
            validation: subjects of the validation split it is measured on, at most.

        Raises:
            ValueError: if there is no target, or a number is too small.
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
        """Read the phenotypes before anything is trained.

        Raises:
            ValueError: if the task is no pretraining, or there is no table of phenotypes.
        """
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
            self.known(data, data.subjects["train"], self.labels),
            self.known(data, data.subjects["val"], self.validation),
        )

    def known(self, data: CineDataModule, subjects: Sequence[str], count: int) -> pd.DataFrame:
        """Return the phenotypes of `count` of the subjects, of whom something is known."""
        table = pd.DataFrame(read_phenotypes(data.table_file(), self.targets, subjects), subjects, self.targets)
        table = table.dropna(how="all")
        return table.loc[first_subjects(list(table.index), count)]

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Probe the untrained encoder, unless a training goes on that was started before."""
        if not trainer.ckpt_path:
            self.probe(trainer, pl_module)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Probe after every few epochs."""
        if (trainer.current_epoch + 1) % self.every_n_epochs == 0:
            self.probe(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Probe what has come out."""
        if self.step != trainer.global_step:
            self.probe(trainer, pl_module)

    def probe(self, trainer: Trainer, task: LightningModule) -> None:
        """Measure and log in the first process."""
        self.step = trainer.global_step
        if trainer.is_global_zero:
            found = self.measured(trainer, task)
            for logger in trainer.loggers:
                logger.log_metrics(found, step=trainer.global_step)
            told = ", ".join(f"{name.removeprefix('probe/')} {value:.3g}" for name, value in found.items())
            rank_zero_info(f"Probe after {trainer.global_step} steps: {told}")
        trainer.strategy.barrier("RepresentationProbe")

    @torch.no_grad()
    def measured(self, trainer: Trainer, task: LightningModule) -> dict[str, float]:
        """Return what is logged."""
        assert isinstance(task, PretrainingTask)  # for the type checker: `setup` refuses others
        data: CineDataModule = trainer.datamodule  # type: ignore[attr-defined]
        patch = task.encoder.patch
        landmarks = Landmarks(beats=data.shape[1] // patch[0]).to(task.device)
        training = task.training
        task.eval()
        with trainer.precision_plugin.forward_context():
            if not self.raw:
                self.raw = self.worth(probe_features(data, task, RawPixels(landmarks, patch), self.labelled), "raw_")
            seen = probe_features(data, task, Tokens(landmarks), self.labelled)
        task.train(training)
        ranks = {"probe/rank": seen.rank, "probe/rank_between": rank_between(seen.validation)}
        return self.worth(seen, "") | self.raw | ranks

    def worth(self, seen: "ProbeFeatures", name: str) -> dict[str, float]:
        """Return R2 and mean absolute error of each target that a head reaches on the validation subjects."""
        head = solve(seen.training[:, None], seen.known)
        measured = zip(self.targets, *scores(head.predict(seen.validation), seen.wanted), strict=True)
        return {
            f"probe/{name}{measure}_{target}": float(value)
            for target, *values in measured
            for measure, value in zip(("r2", "mae"), values, strict=True)
        }


class ProbeFeatures(NamedTuple):
    """What a head learns from and is measured on.

    Attributes:
        training: features of training subjects, (N, F).
        known: their phenotypes, (N, K).
        validation: features of validation subjects, (M, F).
        wanted: their phenotypes, (M, K).
        rank: effective rank of the validation subjects' tokens; 0 where no encoder was asked.
    """

    training: Tensor
    known: Tensor
    validation: Tensor
    wanted: Tensor
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
        there = readable(batch)
        if not there.subject:
            continue
        shown = EncodedBatch(task.encoder, data.scaled(to_device(there, task.device)))
        features.append(readout.features(shown).float().cpu())
        subjects += there.subject
        if shown.is_encoded:
            spectrum.add(shown.encoded.tokens[shown.encoded.exists])
    return torch.cat(features), torch.tensor(table.loc[subjects].to_numpy(), dtype=torch.float64)
