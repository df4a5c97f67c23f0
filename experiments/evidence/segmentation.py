"""What pretraining without labels is worth to a segmentation, where few hearts have label maps.

    python -m experiments.evidence.segmentation [--labels 10] [--draws 1] [--rates 3] [--steps 1000] [--workers 2]

Hearts and the first pretraining are those of `python -m experiments.evidence`, which comes first. With each number of
labels the first draw tries the learning rates, and validation chooses one for the others. What is done stays.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from cmr_ssl.files import save_text
from cmr_ssl.report.tables import markdown
from cmr_ssl.tasks.segmentation import STRUCTURES
from cmr_ssl.workers import pool
from experiments.cohorts import FOLDER, Cohort, slug
from experiments.commands import fit, options, spoken
from experiments.evidence.figures import save
from experiments.evidence.report import counted, spread
from experiments.evidence.results import comparisons, means
from experiments.evidence.run import all_of
from experiments.evidence.settings import Settings
from experiments.evidence.tables import CERTAIN, wide
from experiments.evidence.trained import Arm
from experiments.machine import description
from experiments.pretrainings import ENCODER

PRETRAINED, SCRATCH, UNET = "pretrained", "scratch", "U-Net"
COLOURS = {PRETRAINED: "#c0392b", SCRATCH: "#148f77", UNET: "#2874a6"}
PAIRS = ((PRETRAINED, SCRATCH), (PRETRAINED, UNET))
RATES = (1e-2, 3e-3, 3e-2)  # the configs' own first
BATCH, FRAMES = 2, 2  # studies of a step, and frames of each
VALIDATIONS = 20  # of a training; the weights with the best Dice count
VALIDATED = 16  # subjects
DICE, VOLUMES = "Dice", ("LVEDV (mL)", "LVESV (mL)", "LVEF (%)", "LVM (g)")
SHOWN = (DICE, *STRUCTURES, *VOLUMES)
TEST = "all planes"


def arms() -> tuple[Arm, ...]:
    """Return the ways to segment; the network from scratch is the very one whose encoder was pretrained."""
    ours, scratch = "configs/segmentation.yaml", {"model.encoder": ENCODER, "model.optimisation.encoder_factor": 0.1}
    return (
        Arm(PRETRAINED, ours, (), RATES, pretrained=True),
        Arm(SCRATCH, ours, tuple(options(scratch)), RATES),
        Arm(UNET, "configs/segmentation_unet.yaml", (), RATES),
    )


class Run(NamedTuple):
    """One training: an arm with a rate, so many labelled hearts and one draw of which."""

    arm: Arm
    rate: float
    labels: int
    draw: int


class Plan(NamedTuple):
    """What is compared.

    Attributes:
        cohort: whose hearts are labelled and tested.
        checkpoint: of the pretraining.
        out: folder of the runs.
        labels: how many labelled hearts there are.
        draws: of them.
        rates: learning rates that the first draw tries.
        steps: of each training.
    """

    cohort: Cohort
    checkpoint: Path
    out: Path
    labels: tuple[int, ...] = (10,)
    draws: int = 1
    rates: int = 3
    steps: int = 1000

    @property
    def between(self) -> int:
        """Steps from one validation to the next."""
        return max(1, self.steps // VALIDATIONS)

    def folder(self, run: Run) -> Path:
        """Where a run lives; one of other steps is another run."""
        return self.out / f"{slug(run.arm.name)}-{run.labels}-{run.draw}-{run.rate:g}-{self.steps}"

    def trials(self) -> list[Run]:
        """Return the runs of the first draw, from which rates are chosen, the configs' own rates first."""
        return [
            Run(arm, arm.rates[index], labels, 0)
            for labels in self.labels
            for index in range(self.rates)
            for arm in arms()
        ]

    def others(self) -> list[Run]:
        """Return the runs of the other draws."""
        return [run._replace(draw=draw) for run in self.chosen() for draw in range(1, self.draws)]

    def chosen(self) -> list[Run]:
        """Return the runs of the first draw whose rate had the best Dice on the validation split, of those done."""
        tried = [run for run in self.trials() if scores_of(self.folder(run)).exists()]
        best: dict[tuple[str, int], Run] = {}
        for run in sorted(tried, key=lambda run: max(curve(self.folder(run)).values())):
            best[run.arm.name, run.labels] = run
        return list(best.values())

    def words(self, run: Run) -> list[str]:
        """Return what `fit` and `test` are told."""
        told = {
            "seed_everything": run.draw,
            **self.cohort.options,
            "data.train_subjects": run.labels,
            "data.seed": run.draw,
            "data.batch_size": BATCH,
            "model.seed": run.draw,
            "model.frames": FRAMES,
            "model.optimisation.learning_rate": run.rate,
            "trainer.max_epochs": -1,
            "trainer.max_steps": self.steps,
            "trainer.check_val_every_n_epoch": None,
            "trainer.val_check_interval": self.between,
            "trainer.limit_val_batches": VALIDATED // BATCH,
        } | ({"model.encoder_checkpoint": self.checkpoint} if run.arm.pretrained else {})
        return [f"--config={run.arm.config}", *run.arm.options, *options(told)]


def scores_of(folder: Path) -> Path:
    """Return where the Dice of every test subject stands, by plane, phase and structure."""
    return folder / "test" / "scores.csv"


def train(plan: Plan, run: Run) -> None:
    """Train, and test the best weights; what is done stays."""
    folder, words = plan.folder(run), plan.words(run)
    if not scores_of(folder).exists():
        fit(folder, words)
        where = f"--trainer.default_root_dir={folder}"
        spoken(folder / "log.txt", "test", *words, where, "--ckpt_path=best")
        for checkpoint in (folder / "checkpoints").glob("*.ckpt"):
            checkpoint.unlink()


def curve(folder: Path) -> dict[int, float]:
    """Return the Dice on the validation split by the steps done."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return {event.step + 1: event.value for event in events.Scalars("val/dice")}


def measured(plan: Plan) -> pd.DataFrame:
    """Return a row a test subject and target of all chosen runs; of a Dice the error is what is missing of one."""
    rows = [pd.concat([overlaps(plan, run), volumes(plan, run)]) for run in done(plan)]
    return pd.concat(rows).assign(pretraining="", test=TEST)


def done(plan: Plan) -> Iterator[Run]:
    """Yield the chosen runs of all draws that were carried out."""
    for run in (run._replace(draw=draw) for run in plan.chosen() for draw in range(plan.draws)):
        if scores_of(plan.folder(run)).exists():
            yield run


def overlaps(plan: Plan, run: Run) -> pd.DataFrame:
    """Return what is missing of the Dice of each subject, mean over planes and phases, by structure and in the mean."""
    scores = pd.read_csv(scores_of(plan.folder(run)), dtype={"subject": str})
    dice = scores.groupby(["subject", "structure"])["dice"].mean().unstack("structure")
    dice.insert(0, DICE, dice.mean(axis=1))
    return told(run, 1 - dice)


def volumes(plan: Plan, run: Run) -> pd.DataFrame:
    """Return the absolute errors of volumes of predicted label maps against those of true ones."""
    table = pd.read_csv(plan.folder(run) / "test" / "volumes.csv", dtype={"subject": str}).set_index("subject")
    errors = {name: (table[f"predicted {name}"] - table[f"true {name}"]).abs() for name in VOLUMES}
    return told(run, pd.DataFrame(errors))


def told(run: Run, errors: pd.DataFrame) -> pd.DataFrame:
    """Return errors, a row a subject and a column a target, as the statistics want them."""
    rows = errors.melt(var_name="target", value_name="error", ignore_index=False).reset_index()
    return rows.assign(arm=run.arm.name, labels=run.labels, draw=run.draw)


def page(plan: Plan, rows: pd.DataFrame) -> Iterator[str]:
    """Yield the page, paragraph by paragraph."""
    found, differences = means(rows), comparisons(rows, PAIRS)
    yield "# Segmentation with few labels: what pretraining is worth"
    yield (
        f"Written by `{command(plan)}`. {' '.join(description())} Synthetic hearts: this compares methods and says "
        "nothing about patients."
    )
    yield (
        f"{rows['subject'].nunique()} test hearts, {counted(plan.draws, 'draw')} of labelled ones; "
        f"{counted(plan.steps, 'step')} of {BATCH} studies a training, of which the weights with the best Dice on "
        f"{VALIDATED} validation hearts count; {counted(plan.rates, 'learning rate')} tried, all with the same "
        "augmentation. *Pretrained* starts from the first pretraining of [evidence.md](evidence.md), *scratch* is the "
        "same network from random weights, *U-Net* is MONAI's, which sees one frame of one plane at a time and is also "
        "the image branch of the other two."
    )
    yield "![Dice on validation hearts while networks learn](segmentation_curves.png)"
    yield "Dice, mean over planes and of ED and ES, and mean absolute errors of the volumes that follow:"
    shown = found.assign(value=found["value"].where(found["target"].isin(VOLUMES), 1 - found["value"]))
    yield wide(shown.assign(cell=shown["value"].map("{:.3g}".format)), ["labels", "arm"], SHOWN)
    yield (
        "Pretrained minus the other: Dice (more is better) and errors of volumes (less is better), 95 % intervals, "
        f"* certain after Holm's correction. {spread(plan.draws)}"
    )
    cells = [difference(line) for _, line in differences.iterrows()]
    yield wide(differences.assign(cell=cells), ["labels", "other"], SHOWN)
    yield "What the chosen runs of the first draw were like:"
    yield markdown(
        ["arm", "labels", "rate", *map("Dice after {} steps".format, early(plan)), "best Dice"], costs(plan), 1
    )


def command(plan: Plan) -> str:
    """Return the command that asks for this, but for folders."""
    asked = {"labels": " ".join(map(str, plan.labels)), "draws": plan.draws, "rates": plan.rates, "steps": plan.steps}
    usual = Plan(plan.cohort, plan.checkpoint, plan.out)
    said = [f"--{name} {value}" for name, value in asked.items() if getattr(plan, name) != getattr(usual, name)]
    return " ".join(["python -m experiments.evidence.segmentation", *said])


def difference(line: "pd.Series[float]") -> str:
    """Return how two arms differ, in Dice or in units of a volume, with the interval and whether it is certain."""
    sign = 1 if str(line["target"]) in VOLUMES else -1  # errors of a Dice are what is missing of it
    value, *ends = (sign * line[f"difference{end}"] for end in ("", " low", " high"))
    low, high = sorted(ends)
    return f"{value:+.3g} [{low:+.3g}, {high:+.3g}]" + ("*" if line["holm"] < CERTAIN else "")


def early(plan: Plan) -> Sequence[int]:
    """Return after how many steps the page looks at the validation: the first time, and after a quarter."""
    return [plan.between * times for times in (1, VALIDATIONS // 4) if plan.between * times <= plan.steps]


def costs(plan: Plan) -> Iterable[tuple[object, ...]]:
    """Yield a row for each chosen run of the first draw."""
    for run in plan.chosen():
        found = curve(plan.folder(run))
        reached = *(found[step] for step in early(plan)), max(found.values())
        yield run.arm.name, run.labels, run.rate, *map("{:.3f}".format, reached)


def draw_curves(path: Path, plan: Plan) -> None:
    """Draw the Dice on the validation split against steps, a line a chosen run."""
    figure = Figure(figsize=(4 * len(plan.labels) + 2, 3.4), layout="constrained")
    axes = figure.subplots(1, len(plan.labels), squeeze=False, sharey=True)[0]
    for axis, labels in zip(axes, plan.labels, strict=True):
        for run in done(plan):
            if run.labels == labels:
                found = curve(plan.folder(run))
                axis.plot(found.keys(), found.values(), color=COLOURS[run.arm.name], label=run.arm.name)
        axis.set_title(counted(labels, "labelled heart"), fontsize=9)
        axis.set_xlabel("steps", fontsize=8)
        axis.set_ylabel("Dice, validation", fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25, linewidth=0.5, axis="y")
    save(figure, path)


def write_report(plan: Plan, out: Path) -> None:
    """Write the page and its figure."""
    draw_curves(out / "segmentation_curves.png", plan)
    save_text(out / "segmentation.md", "\n\n".join(page(plan, measured(plan))) + "\n")


def main() -> None:
    """Carry out what is missing, and write the page."""
    parser = ArgumentParser(
        prog="python -m experiments.evidence.segmentation",
        description=__doc__,
        formatter_class=RawDescriptionHelpFormatter,
    )
    usual = Plan._field_defaults
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where hearts and pretrainings of the evidence lie")
    parser.add_argument("--report", type=Path, default=Path("docs"), help="where the page and its figure go")
    parser.add_argument("--labels", type=int, nargs="+", default=usual["labels"], help="labelled hearts")
    parser.add_argument("--draws", type=int, default=usual["draws"], help="choices of the labelled hearts")
    numbers = range(1, len(RATES) + 1)
    parser.add_argument(
        "--rates", type=int, choices=numbers, default=usual["rates"], help="learning rates that are tried"
    )
    parser.add_argument("--steps", type=int, default=usual["steps"], help="of each training")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    settings = Settings(asked.folder)
    plan = Plan(
        settings.freshly(),
        settings.pretrainings()[0].checkpoint,
        asked.folder / "segmentation",
        tuple(asked.labels),
        asked.draws,
        asked.rates,
        asked.steps,
    )
    with pool(asked.workers) as processes:
        all_of(processes, "rates", train, [(plan, run) for run in plan.trials()])
        all_of(processes, "other draws", train, [(plan, run) for run in plan.others()])
    write_report(plan, asked.report)


if __name__ == "__main__":
    main()
