"""What the evidence consists of: its whole, for a night on two cores, and its shortest honest version."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from experiments.cohorts import FOLDER, SCANNERS, Cohort, development, mixture, ordered, placed, strangers
from experiments.evidence.arms import Source, controls, pretrained
from experiments.evidence.pathologies import EVERYBODY
from experiments.evidence.pathologies import cohorts as pathology_cohorts
from experiments.evidence.studies import Domain, Study
from experiments.evidence.trained import Plan
from experiments.pretrainings import Pretraining

FRESH_SEED = 2026112702  # never looked at before the recipes were frozen; published tables come from it, once
REHEARSAL_SEED = 2026112701  # what `quick` shows, so that nobody looks at the published hearts by the way

BRIEF = ("--trainer.max_epochs=6", "--trainer.check_val_every_n_epoch=6")  # a quarter of the published one
PLAIN, EVERYWHERE = "--model.motion=1", "--model.heart_mm=null"
# What is changed, to see what the objective owes to it; all equally brief, compared on the development cohort only.
ABLATIONS: dict[str, tuple[str, ...]] = {
    "all": BRIEF,
    "motion weighs 1": (*BRIEF, PLAIN),
    "everywhere alike": (*BRIEF, EVERYWHERE),
    "motion weighs 1, everywhere alike": (*BRIEF, PLAIN, EVERYWHERE),
    "half a beat a token": (*BRIEF, "--model.encoder.patch=[8, 8, 8]"),
    "AdamW": (*BRIEF, "--model.optimisation.muon=false"),
    "no augmentation": (*BRIEF, "--data.augmentation=null"),
}


class Settings(NamedTuple):
    """How much is done.

    Attributes:
        folder: where everything lies.
        development: subjects to pretrain on and to choose with.
        strangers: further subjects of each other scanner, only to pretrain on.
        fresh: subjects whose labels and tests are published.
        fresh_seed: of them.
        elsewhere: fresh subjects of each other scanner, only tested.
        of_each: subjects of each pathology; 0 for no such test.
        seeds: of the pretrainings.
        pretraining: what the command line says beyond the config.
        ablations: of the objective, by name.
        scanners: what `phantom` is told for each other domain, by name.
        labels: how many, in the probe tables.
        draws: of labelled subjects.
        trained: which networks are trained; None for none.
        command: that asks for this, but for folders.
    """

    folder: Path = FOLDER
    development: int = 1200
    strangers: int = 400
    fresh: int = 600
    fresh_seed: int = FRESH_SEED
    elsewhere: int = 200
    of_each: int = 40
    seeds: tuple[int, ...] = (0, 1)
    pretraining: tuple[str, ...] = ()
    ablations: dict[str, tuple[str, ...]] = ABLATIONS
    scanners: Mapping[str, tuple[str, ...]] = SCANNERS
    labels: tuple[int, ...] = (10, 30, 100, 300)
    draws: int = 5
    trained: Plan | None = Plan()
    command: str = "python -m experiments.evidence"

    def part(self, pretrainings: int, heads: bool = False, trained: tuple[int, ...] = ()) -> "Settings":
        """Return a part of it, which says that it is one.

        Args:
            pretrainings: how many.
            heads: whether ablations and networks that are trained with labels, which take hours, are left out.
            trained: numbers of labels with which networks are trained, by the first draw, without ablations; empty for
                whatever `heads` says.
        """
        asked = [f"--pretrainings {pretrainings}"] if pretrainings != len(self.seeds) else []
        some = self._replace(seeds=tuple(range(pretrainings)))
        if heads or trained:
            asked.append(f"--trained {' '.join(map(str, trained))}" if trained else "--heads")
            some = some._replace(ablations={}, trained=Plan(trained, draws=1) if trained else None)
        return some._replace(command=" ".join([self.command, *asked]))

    def developed(self) -> Cohort:
        """Return the cohort of the usual scanner that is pretrained on."""
        return development(self.folder, self.development)

    def parts(self) -> list[Cohort]:
        """Return the cohorts that are pretrained on, one a scanner."""
        return [self.developed(), *strangers(self.folder, self.strangers, self.scanners)]

    def mixed(self) -> Cohort:
        """Return all of them as one cohort."""
        return mixture(self.folder)

    def freshly(self) -> Cohort:
        """Return the cohort of the published tables."""
        return placed(self.folder, "fresh", *ordered(self.fresh_seed, self.fresh))

    def domains(self) -> tuple[Domain, ...]:
        """Return the other scanners: fresh hearts to be tested, and unlabelled ones that were pretrained on."""
        _, *unlabelled = self.parts()
        return tuple(
            Domain(self.elsewhere_of(number, name), cohort)
            for number, (name, cohort) in enumerate(zip(self.scanners, unlabelled, strict=True), start=1)
        )

    def elsewhere_of(self, number: int, scanner: str) -> Cohort:
        """Return fresh hearts that another scanner shows, all to be tested."""
        order = ordered(self.fresh_seed + 20 * number, self.elsewhere, *self.scanners[scanner])
        cohort = placed(self.folder, f"fresh-{scanner}", *order, fractions=EVERYBODY)
        return cohort._replace(name=scanner)

    def pathologies(self) -> list[Cohort]:
        """Return cohorts of one pathology each."""
        return pathology_cohorts(self.folder, self.fresh_seed, self.of_each) if self.of_each else []

    def pretrainings(self) -> list[Pretraining]:
        """Return the pretrainings whose worth is published."""
        return [Pretraining(self.folder / f"pretraining-{seed}", self.pretraining, seed) for seed in self.seeds]

    def ablated(self) -> list[Pretraining]:
        """Return the pretrainings that are changed in one thing each."""
        return [
            Pretraining(self.folder / f"ablation-{index}", (*self.pretraining, *options), self.seeds[0], name)
            for index, (name, options) in enumerate(self.ablations.items())
        ]

    def study(self) -> Study:
        """Return the published comparison."""
        domains, usual = self.domains(), self.developed() if self.scanners else None
        return Study(self.folder / "study", self.freshly(), domains, usual, labels=self.labels, draws=self.draws)

    def development_study(self) -> Study:
        """Return the comparison of ablations, on hearts of the development cohort that no pretraining saw."""
        return Study(
            self.folder / "ablations", self.developed(), labels=(30, 100), draws=self.draws, pool=300, tested=200
        )

    def sources(self) -> list[Source]:
        """Return controls and pretrained encoders."""
        checkpoints = [pretraining.checkpoint for pretraining in self.pretrainings()]
        return [*controls(checkpoints[0]), *map(pretrained, checkpoints)]


def quick(folder: Path) -> Settings:
    """Return the shortest honest version: fewer hearts, one pretraining, probes only."""
    return Settings(
        folder / "quick",
        development=600,
        strangers=200,
        fresh=360,
        fresh_seed=REHEARSAL_SEED,
        elsewhere=100,
        of_each=0,
        seeds=(0,),
        pretraining=("--trainer.max_epochs=10", "--trainer.check_val_every_n_epoch=10"),
        ablations={},
        labels=(10, 30, 100),
        draws=3,
        trained=None,
        command="python -m experiments.evidence quick",
    )
