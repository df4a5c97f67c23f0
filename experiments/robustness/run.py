"""What missing and flawed planes do to models that were trained in different ways: docs/robustness.md, resumable.

    python -m benchmarks.robustness [--workers 2] [--real CACHE]

Every model is pretrained like those of the evidence and on the same cohort, then a head for phenotypes is solved on the
frozen encoder; the ResNet learns phenotypes alone. Two networks learn to segment. `robustness` measures them all on the
same test subjects. CACHE is of real cines, prepared with configs/preparation/small.yaml.
"""

import json
from argparse import ArgumentParser
from concurrent.futures import as_completed
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from benchmarks.evidence import pretrainings as begun
from benchmarks.evidence.cohorts import Cohort
from benchmarks.evidence.commands import fit, spoken
from benchmarks.evidence.mixing import mix
from benchmarks.evidence.pretrainings import described
from benchmarks.evidence.settings import FOLDER, Settings
from benchmarks.inspection import measured, planes
from benchmarks.left_out import leave_out
from benchmarks.robustness_heads import USUAL, Arm, Pretraining, probe, resnet, segmentations, untrained_probe, words
from rich.progress import track

from cmr_ssl.report.tables import write_csv
from cmr_ssl.workers import pool

HERE = "robustness"  # under the folder of the evidence
ADAPTATION = {"as pretrained": 0, "adapted": 40}  # steps of training on the other planes of a real study
LEFT_OUT_SUBJECTS = 30
FLAWS_TOO = "configs/additions/robust.yaml"
SLICES = (
    8,
    12,
)  # of a study, at most: trained with the one or the other, tested with both; the long axis is always there
BRIEF_EPOCHS = 5  # of the pretrainings that answer a question by themselves
PULL = 0.1  # weight of the consistency between two views of a study


class Model(NamedTuple):
    """One way to train.

    Attributes:
        name: in tables and figures.
        arm: how its head is trained.
    """

    name: str
    arm: Arm

    @property
    def folder(self) -> Path:
        """Where its head's training and its report lie."""
        return FOLDER / HERE / self.name.replace(" ", "_")

    @property
    def report(self) -> Path:
        """What `robustness` says about it."""
        return self.folder / "report"

    @property
    def left_out(self) -> Path:
        """How well it tells planes that are left out, a row a plane."""
        return self.folder / "left_out.csv"


GRID_POSITIONS = ("--model.encoder.positions", json.dumps({"class_path": "cmr_ssl.models.GridPositions"}))
GRID = Pretraining("robust-grid", GRID_POSITIONS)


def views_of(slices: int) -> dict[str, int]:
    """Return the room of a study with so many slices."""
    return {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": slices}


def brief() -> tuple[str, ...]:
    """Return how a pretraining is kept short; what is never validated leaves no best checkpoint."""
    words = ("--trainer.max_epochs", "--trainer.check_val_every_n_epoch")
    return tuple(part for word in words for part in (word, str(BRIEF_EPOCHS)))


def consistent() -> dict[str, Pretraining]:
    """Return pretrainings of two views of each study, by name: left alone, and pulled together."""
    views = ("--model", "benchmarks.consistency.TwoViews", *brief())
    return {
        "two views": Pretraining("robust-two-views", views),
        "two views, pulled together": Pretraining("robust-two-views-pulled", (*views, "--model.weight", str(PULL))),
    }


def on_other_slices() -> dict[str, Pretraining]:
    """Return pretrainings, by name, that are asked about studies with few and with all slices."""
    few = ("--data.views", json.dumps(views_of(SLICES[0])), *brief())
    return {
        f"anatomical positions, {SLICES[0]} slices, {BRIEF_EPOCHS} epochs": Pretraining("robust-few-slices", few),
        f"grid positions, {SLICES[0]} slices, {BRIEF_EPOCHS} epochs": Pretraining(
            "robust-few-slices-grid", (*few, *GRID_POSITIONS)
        ),
        f"anatomical positions, {SLICES[1]} slices": USUAL,
        f"grid positions, {SLICES[1]} slices": GRID,
    }


def checkpoint_of(pretraining: Pretraining) -> Path:
    """Return the checkpoint it ends with."""
    return run_of(pretraining).checkpoint


def run_of(pretraining: Pretraining) -> begun.Pretraining:
    """Return the run of a pretraining."""
    return begun.Pretraining(FOLDER / pretraining.folder, pretraining.options)


def hearts() -> Cohort:
    """Return the cohort whose labels heads learn from and on which everything is tested."""
    return Settings(FOLDER).developed()


def begin(pretraining: Pretraining) -> None:
    """Pretrain on the hearts of the evidence, whose own pretraining is one of these; what is done stays."""
    begun.pretrain(run_of(pretraining), Settings(FOLDER).mixed())


def models() -> list[Model]:
    """Return what is compared."""
    network = described()
    all_planes = ("--model.masking", json.dumps(network["masking"][:1]))
    trained = {
        "ours": (USUAL, ()),
        "no plane dropout": (Pretraining("robust-all-planes", all_planes), all_planes),  # in its head neither
        "grid positions": (GRID, ()),
        "ours, flaws too": (Pretraining("robust-flaws", ("--config", FLAWS_TOO)), ()),
    }
    heads = [Model(name, probe(pretraining, *masking)) for name, (pretraining, masking) in trained.items()]
    return [*heads, Model("untrained encoder", untrained_probe()), Model("ResNet, zero-filled", resnet())]


def segmenters() -> list[Model]:
    """Return networks that segment: with the whole heart in mind, and each plane by itself."""
    return [Model(name, arm) for name, arm in segmentations().items()]


def pretrainings() -> list[Pretraining]:
    """Return all that the comparisons start from."""
    first = [model.arm.pretraining for model in models() if model.arm.pretraining]
    return list(dict.fromkeys([*first, *on_other_slices().values(), *consistent().values()]))


def carry_out(model: Model) -> None:
    """Train the head, and measure; what is there stays."""
    train_and_ask(model, "--table", str(table_file()))
    if model.arm.pretraining:
        tell_left_out(model.arm.pretraining, model.left_out)


def tell_left_out(pretraining: Pretraining, table: Path, views: dict[str, int] | None = None) -> None:
    """Write how well planes that are left out are told, of studies with room for `views`; what is there stays."""
    if not table.exists():
        write_csv(table, leave_out(checkpoint_of(pretraining), hearts().cache, LEFT_OUT_SUBJECTS, views))


def train_and_ask(model: Model, *more: str) -> None:
    """Train what comes after the pretraining, and measure it; what is there stays."""
    trained = model.folder / "done.txt"
    if not trained.exists():
        start = model.arm.pretraining
        fit(model.folder, words(model.arm, hearts(), checkpoint_of(start) if start else None))
        trained.touch()
    ask(model.folder / "checkpoints" / "best.ckpt", model.report, model.folder / "log.txt", *more)


def ask(checkpoint: Path, report: Path, log: Path, *more: str) -> None:
    """Let `robustness` measure a checkpoint, if it has not yet."""
    if not (report / "robustness.csv").exists():
        words = ("--checkpoint", str(checkpoint), "--cache", str(hearts().cache), "--out", str(report))
        spoken(log, "robustness", *words, *more)


def table_file() -> Path:
    """Return where the true phenotypes of the cohort stand."""
    return hearts().table


def compare_embeddings() -> None:
    """Measure the embeddings of our usual model."""
    ask(checkpoint_of(USUAL), embeddings_folder(), embeddings_folder() / "log.txt")


def embeddings_folder() -> Path:
    """Return where it stands how robust they are."""
    return FOLDER / HERE / "embeddings"


def change_slices(pretraining: Pretraining) -> None:
    """Tell planes that are left out of studies with few slices and with all."""
    for slices in SLICES:
        tell_left_out(pretraining, slices_file(pretraining, slices), views_of(slices))


def slices_file(pretraining: Pretraining, slices: int) -> Path:
    """Return where it stands how well planes of studies with so many slices were told."""
    return FOLDER / pretraining.folder / f"left_out_of_{slices}.csv"


def compare_views(pretraining: Pretraining) -> None:
    """Measure the embeddings of one pretraining of two views, and how well it tells planes that are left out."""
    folder = FOLDER / pretraining.folder
    ask(checkpoint_of(pretraining), folder / "report", folder / "report.txt")
    tell_left_out(pretraining, views_file(pretraining))


def views_file(pretraining: Pretraining) -> Path:
    """Return where it stands how well a pretraining of two views tells planes that are left out."""
    return FOLDER / pretraining.folder / "left_out.csv"


def look_for_faults() -> None:
    """Measure how well `inspect` finds faults with our usual model."""
    if not faults_file().exists():
        seen = planes(checkpoint_of(USUAL), hearts().cache, LEFT_OUT_SUBJECTS)
        write_csv(faults_file(), pd.DataFrame(list(measured(pd.DataFrame(list(seen))))))


def faults_file() -> Path:
    """Return where it stands how well faults are found."""
    return FOLDER / HERE / "faults.csv"


def leave_out_real(cache: Path, name: str, steps: int) -> None:
    """Tell planes of real hearts with our usual model, which may learn a while from the other planes."""
    if not real_file(name).exists():
        write_csv(
            real_file(name), leave_out(checkpoint_of(USUAL), cache, LEFT_OUT_SUBJECTS, everyone=True, adapt=steps)
        )


def real_file(name: str) -> Path:
    """Return where it stands how well planes of real hearts were told."""
    return FOLDER / HERE / f"real_{name.replace(' ', '_')}.csv"


def main() -> None:
    """Carry out what is missing and write the report."""
    from benchmarks.robustness_report import write_report

    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--real", type=Path, help="cache of real cines, prepared like the cohort")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    asked = parser.parse_args()
    compared = models()
    with pool(asked.workers) as processes:
        settings = Settings(FOLDER)
        processes.submit(mix, settings.mixed(), settings.parts(), asked.workers).result()
        for _ in track(processes.map(begin, pretrainings()), "pretraining", total=len(pretrainings())):
            pass
        work = [processes.submit(carry_out, model) for model in compared]
        work += [processes.submit(train_and_ask, model) for model in segmenters()]
        work += [processes.submit(change_slices, pretraining) for pretraining in on_other_slices().values()]
        work += [processes.submit(compare_views, pretraining) for pretraining in consistent().values()]
        work += [processes.submit(compare_embeddings), processes.submit(look_for_faults)]
        if asked.real:
            work += [processes.submit(leave_out_real, asked.real, *item) for item in ADAPTATION.items()]
        for one in track(as_completed(work), "robustness", total=len(work)):
            one.result()
            write_report(compared, asked.out)


if __name__ == "__main__":
    main()
