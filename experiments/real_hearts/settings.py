"""How much is done, and where it lies."""

from pathlib import Path
from typing import NamedTuple

ALL = 0  # labelled patients: as many as there are


class Settings(NamedTuple):
    """One whole comparison.

    Attributes:
        source: folder with a sub-folder a patient.
        work: folder for everything that is made.
        folds: parts the patients are split into; each is the test of one fold.
        chosen: which of the folds are carried out.
        labels: numbers of labelled patients, `ALL` for all of the training folds.
        draws: choices of labelled patients; with all of them there is but one.
        rates: how many of an arm's learning rates are tried.
        tune_each_fold: whether each fold chooses its rates itself. If not, the first one does for all, which costs
            less, although patients that validate there are tested in other folds.
        pretraining: what the command line of every pretraining says beyond its config.
        supervised: the same of those on labels of synthetic hearts.
        training: the same of every training with labels of patients.
        preparation: how the cines are prepared.
        files: how they are called, as for `prepare`; empty for sa.nii.gz and seg_sa.nii.gz.
        patients: table of patients; None for ``phenotypes.csv`` of the source.
        hearts: synthetic hearts with exact labels that one way of pretraining learns from.
        few: patients of each diagnosis from whom diagnoses and volumes are learnt, `ALL` for all.
        seed: of folds and draws.
    """

    source: Path
    work: Path = Path("real_hearts")
    folds: int = 5
    chosen: tuple[int, ...] = (0, 1, 2, 3, 4)
    labels: tuple[int, ...] = (2, 5, 10, ALL)
    draws: int = 3
    rates: int = 3
    tune_each_fold: bool = True
    pretraining: tuple[str, ...] = ()
    supervised: tuple[str, ...] = ()
    training: tuple[str, ...] = ()
    preparation: str = "configs/preparation/real.yaml"
    files: str = ""
    patients: Path | None = None
    hearts: int = 60
    few: tuple[int, ...] = (5, ALL)
    seed: int = 0

    @property
    def cache(self) -> Path:
        """The prepared patients."""
        return self.work / "cache"

    @property
    def synthetic(self) -> Path:
        """Synthetic patients and all that learns from them alone, whatever the fold."""
        return self.work / "synthetic"

    def table(self, fold: int) -> Path:
        """Return the table of a fold: that of the source with the column ``split``."""
        return self.work / "folds" / f"fold-{fold}.csv"

    def folder(self, fold: int) -> Path:
        """Return where all runs of a fold lie."""
        return self.work / f"fold-{fold}"

    def draws_of(self, labels: int) -> int:
        """Return how many choices of so many labelled patients there are."""
        return 1 if labels == ALL else self.draws


def quick(settings: Settings) -> Settings:
    """Return a rehearsal: does everything run? Its numbers mean nothing."""
    short = ("--trainer.max_epochs", "2", "--trainer.check_val_every_n_epoch", "2")
    few = ("--trainer.max_steps", "20", "--trainer.val_check_interval", "10")
    return settings._replace(
        work=settings.work / "quick",
        chosen=settings.chosen[:1],
        hearts=10,
        labels=(5,),
        draws=1,
        rates=1,
        pretraining=(*settings.pretraining, *short),
        supervised=(*settings.supervised, *few),
        training=(*settings.training, *few),
    )
