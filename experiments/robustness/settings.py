"""What is compared, and where everything lies."""

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from experiments.cohorts import FOLDER, Cohort, development, views_of
from experiments.commands import best, options
from experiments.pretrainings import ENCODER, Pretraining, first

LABELS = 300
SUBJECTS = 30  # test subjects whose planes are left out, and that faults are put into
SLICES = (8, 12)  # of a study, at most: trained with the one or the other, tested with both; the long axis is there
BRIEF_EPOCHS = 5  # of the pretrainings that answer a question by themselves
PULL = 0.1  # weight of the consistency between two views of a study
ADAPTATION = {"as pretrained": 0, "adapted": 40}  # steps of training on the other planes of a real study
STEPS = {"phenotype": 2000, "segmentation": 150}  # of networks that learn by steps
BATCH = {"phenotype": 8, "segmentation": 4}
FRAMES = 2  # of a study that a step of segmentation looks at
PLANE_DROPOUT = 0.5  # as the masking of configs/phenotype.yaml
PROBE = ("--model.freeze=encoder", "--trainer.max_epochs=1", "--trainer.check_val_every_n_epoch=1")
# what is never validated leaves no best checkpoint
BRIEF = (f"--trainer.max_epochs={BRIEF_EPOCHS}", f"--trainer.check_val_every_n_epoch={BRIEF_EPOCHS}")
GRID = tuple(options({"model.encoder.positions": {"class_path": "cmr_ssl.models.GridPositions"}}))
FLAWS = "--config=configs/additions/robust.yaml"
TWO_VIEWS = "--model=experiments.robustness.two_views.TwoViews"


class Model(NamedTuple):
    """One way to train.

    Attributes:
        name: in tables and figures.
        folder: where its training and its report lie.
        task: phenotype or segmentation.
        config: which file.
        options: what else the command line says.
        pretraining: whose encoder it starts from; None where it starts from none.
    """

    name: str
    folder: Path
    task: str
    config: str
    options: tuple[str, ...] = ()
    pretraining: Pretraining | None = None

    @property
    def checkpoint(self) -> Path:
        """What is measured."""
        return best(self.folder)

    @property
    def report(self) -> Path:
        """What `robustness` says about it."""
        return self.folder / "report"

    @property
    def left_out(self) -> Path:
        """How well it tells planes that are left out, a row a plane."""
        return self.folder / "left_out.csv"

    def words(self, cohort: Cohort) -> list[str]:
        """Return what `fit` is told."""
        batch = BATCH[self.task]
        epochs = max(1, round(STEPS[self.task] / (LABELS // batch)))
        own = {"model.frames": FRAMES} if self.task == "segmentation" else {"data.table": cohort.table}
        start = {"model.encoder_checkpoint": self.pretraining.checkpoint} if self.pretraining else {}
        told = {
            "seed_everything": 0,
            **cohort.options,
            "data.train_subjects": LABELS,
            "data.batch_size": batch,
            **own,
            **start,
            "trainer.max_epochs": epochs,
            "trainer.check_val_every_n_epoch": max(1, epochs // 10),
            "trainer.enable_progress_bar": False,
        }
        return [f"--config={self.config}", *options(told), *self.options]


class Settings:
    """The comparisons, in the folder of the evidence, whose hearts and first pretraining they use."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Say where the evidence lies."""
        self.evidence, self.folder = folder, folder / "robustness"
        self.cohort, self.usual = development(folder), first(folder)
        self.embeddings, self.faults = self.folder / "embeddings", self.folder / "faults.csv"

    def pretraining(self, name: str, *more: str) -> Pretraining:
        """Return one more pretraining."""
        return Pretraining(self.evidence / f"robust-{name}", more)

    def real(self, name: str) -> Path:
        """Return where it stands how well planes of real hearts were told."""
        return self.folder / f"real_{name.replace(' ', '_')}.csv"

    @cached_property
    def models(self) -> list[Model]:
        """Ways to tell phenotypes: heads solved on frozen encoders, and a network that learns nothing else."""
        all_planes = tuple(options({"model.masking": [{"class_path": "cmr_ssl.masking.RandomMasking"}]}))
        heads = {
            "ours": ((), self.usual),
            "no plane dropout": (all_planes, self.pretraining("all-planes", *all_planes)),  # in its head neither
            "grid positions": ((), self.pretraining("grid", *GRID)),
            "ours, flaws too": ((), self.pretraining("flaws", FLAWS)),
            "untrained encoder": (tuple(options({"model.encoder": ENCODER})), None),
        }
        dropout = tuple(options({"model.plane_dropout": PLANE_DROPOUT}))
        return [
            *(
                self._model(name, "phenotype", "configs/phenotype.yaml", (*PROBE, *more), start)
                for name, (more, start) in heads.items()
            ),
            self._model("ResNet, zero-filled", "phenotype", "configs/phenotype_resnet.yaml", dropout),
        ]

    @cached_property
    def segmenters(self) -> list[Model]:
        """Networks that segment: with the whole heart in mind, and each plane by itself."""
        task, few = "segmentation", "channels=8"
        return [
            self._model("ours, segmenting", task, "configs/segmentation.yaml", (f"--model.head.{few}",), self.usual),
            self._model("U-Net, plane by plane", task, "configs/segmentation_unet.yaml", (f"--model.network.{few}",)),
        ]

    def _model(
        self, name: str, task: str, config: str, more: tuple[str, ...], start: Pretraining | None = None
    ) -> Model:
        return Model(name, self.folder / name.replace(" ", "_"), task, config, more, start)

    @cached_property
    def two_views(self) -> dict[str, Pretraining]:
        """Pretrainings of two views of each study, by name: left alone, and pulled together."""
        alone = (TWO_VIEWS, *BRIEF)
        return {
            "two views": self.pretraining("two-views", *alone),
            "two views, pulled together": self.pretraining("two-views-pulled", *alone, f"--model.weight={PULL}"),
        }

    @cached_property
    def other_slices(self) -> dict[str, Pretraining]:
        """Pretrainings, by name, that are asked about studies with few and with all slices."""
        few, every = SLICES
        less = (*options({"data.views": views_of(few)}), *BRIEF)
        return {
            f"anatomical positions, {few} slices, {BRIEF_EPOCHS} epochs": self.pretraining("few-slices", *less),
            f"grid positions, {few} slices, {BRIEF_EPOCHS} epochs": self.pretraining("few-slices-grid", *less, *GRID),
            f"anatomical positions, {every} slices": self.usual,
            f"grid positions, {every} slices": self.pretraining("grid", *GRID),
        }

    @property
    def pretrainings(self) -> list[Pretraining]:
        """All that the comparisons start from."""
        begun = [model.pretraining for model in self.models if model.pretraining]
        return list(dict.fromkeys([*begun, *self.other_slices.values(), *self.two_views.values()]))


def left_out(pretraining: Pretraining, slices: int | None = None) -> Path:
    """Return where it stands how well a pretraining tells planes left out of studies with so many slices."""
    return pretraining.folder / ("left_out.csv" if slices is None else f"left_out_of_{slices}.csv")
