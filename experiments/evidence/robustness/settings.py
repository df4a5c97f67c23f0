"""What is compared, and where everything lies."""

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from cmr_ssl.robustness.scenarios import FLAWED, HALF, NAMED, RANDOM, Scenario, scenarios
from experiments.cohorts import FOLDER, VIEWS, Cohort, development
from experiments.commands import best, options
from experiments.evidence.arms import SHIPPED, TOKENS, Source, controls, pretrained
from experiments.evidence.settings import Settings as Evidence
from experiments.evidence.studies import SEED, Study, called
from experiments.evidence.trained import Plan
from experiments.pretrainings import Pretraining, first

LABELS = 300
DRAWS = 3  # of the labelled subjects
TESTED = 100  # subjects, of whom heads predict phenotypes
SUBJECTS = 30  # test subjects whose planes are left out, and that faults are put into
COUNTS = (1, 2, 4, 6, 8, 10)  # planes that are missing
FLAWED_PLANES = 3
STEPS = 375  # of networks that segment
BATCH = 4
FRAMES = 2  # of a study that a step of segmentation looks at


class Segmenter(NamedTuple):
    """A network that segments.

    Attributes:
        name: in tables.
        folder: where its training and its report lie.
        config: which file.
        pretraining: whose encoder it starts from; None where it starts from none.
    """

    name: str
    folder: Path
    config: str
    pretraining: Pretraining | None = None

    @property
    def checkpoint(self) -> Path:
        """What is measured."""
        return best(self.folder)

    @property
    def report(self) -> Path:
        """What `robustness` says about it."""
        return self.folder / "report"

    def words(self, cohort: Cohort) -> list[str]:
        """Return what `fit` is told."""
        epochs = max(1, round(STEPS / (LABELS // BATCH)))
        start = {"model.encoder_checkpoint": self.pretraining.checkpoint} if self.pretraining else {}
        told = {
            "seed_everything": 0,
            **cohort.options,
            "data.train_subjects": LABELS,
            "data.batch_size": BATCH,
            "model.frames": FRAMES,
            **start,
            "trainer.max_epochs": epochs,
            "trainer.check_val_every_n_epoch": 1,
            "trainer.limit_val_batches": 6,
            "trainer.enable_progress_bar": False,
        }
        return [f"--config={self.config}", *options(told)]


class Settings:
    """The comparison, in the folder of the evidence, whose hearts and first pretraining it uses."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Say where the evidence lies."""
        self.evidence, self.folder = Evidence(folder), folder / "robustness"
        self.cohort, self.usual = development(folder), first(folder)
        self.embeddings, self.faults = self.folder / "embeddings", self.folder / "faults.csv"
        self.left_out, self.real = self.folder / "left_out.csv", self.folder / "real.csv"

    @cached_property
    def scenarios(self) -> list[Scenario]:
        """What is wrong with the studies: planes missing at random and by name, and three flawed ones."""
        return [one for one in scenarios(sum(VIEWS.values()), SEED) if shown(one)]

    @property
    def study(self) -> Study:
        """Heads that learn from fresh hearts, and are tested on others in every scenario."""
        conditions = tuple(map(called, self.scenarios))
        where, cohort = self.folder / "study", self.evidence.freshly()
        return Study(where, cohort, labels=(LABELS,), draws=DRAWS, tested=TESTED, conditions=conditions)

    @property
    def sources(self) -> list[Source]:
        """What heads are given: raw pixels, untrained and pretrained tokens, and what configs/phenotype.yaml reads."""
        checkpoint = self.usual.checkpoint
        return [*controls(checkpoint), pretrained(checkpoint, TOKENS, SHIPPED)]

    @property
    def plan(self) -> Plan:
        """Networks that are trained with the labels: the ResNet, with planes missing, to its own best."""
        return Plan((LABELS,), 1, tuple(arm for arm in Plan().arms if arm.name == "ResNet"))

    @cached_property
    def segmenters(self) -> list[Segmenter]:
        """Networks that segment: with the whole heart in mind, and each plane by itself."""
        return [
            self._segmenter("ours, segmenting", "configs/segmentation.yaml", self.usual),
            self._segmenter("U-Net, plane by plane", "configs/segmentation_unet.yaml"),
        ]

    def _segmenter(self, name: str, config: str, start: Pretraining | None = None) -> Segmenter:
        return Segmenter(name, self.folder / name.replace(" ", "_"), config, start)


def shown(scenario: Scenario) -> bool:
    """Tell whether tables have a scenario: some numbers of missing planes, all names, flaws of three planes."""
    wanted = {RANDOM: (0, *COUNTS), NAMED: (0,), FLAWED: (0, FLAWED_PLANES)}
    return scenario.planes in wanted[scenario.kind]


def kind_of(scenario: Scenario) -> str:
    """Return the kind of a scenario in the figure, where half of the planes has a name."""
    return NAMED if scenario.name in (HALF, "all but one") else scenario.kind
