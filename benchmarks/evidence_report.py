"""Tables and learning curves of the evidence."""

import re
import shutil
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from benchmarks.machine import description
from cmr_ssl.data.cache import write_atomically
from cmr_ssl.data.datamodule import CineDataModule

if TYPE_CHECKING:
    from benchmarks.evidence import Run

INTERVAL = (" 2.5 %", " 97.5 %")
PAIRS = (  # pretrained and not, else the same; and beside plain networks
    ("fine-tuned", "scratch"),
    ("probe", "probe of an untrained encoder"),
    ("fine-tuned", "ResNet"),
    ("fine-tuned", "U-Net"),
)
TARGETS = ("LVEF (%)", "LVEDV (mL)", "LVESV (mL)", "LVM (g)", "RVEF (%)", "LAV max (mL)")
COLUMNS = 3  # of a figure
FEW, MORE = 30, 100  # labels: are so few after pretraining as good as more without?
PICTURES = {"phenotype": "agreement_LVEF.png", "segmentation": "segmentation_*.png"}  # of a run, for everybody to see


def collect(runs: "list[Run]") -> pd.DataFrame:
    """Return one row a run and target or structure: its error (or Dice) and the ends of its 95 % interval.

    What a run could not measure has no row.
    """
    rows = []
    for run in runs:
        name = {"task": run.arm.task, "arm": run.arm.name, "labels": run.labels, "seed": run.seed}
        agreement = pd.read_csv(run.folder / "test" / "agreement.csv").set_index("target")
        for target in (target for target in TARGETS if target in agreement.index):
            value, low, high = (float(agreement.at[target, f"MAE{end}"]) for end in ("", *INTERVAL))
            rows.append({**name, "what": f"MAE {target}", "value": value, "low": low, "high": high})
        if run.arm.task == "segmentation":
            overlap = pd.read_csv(run.folder / "test" / "overlap.csv")
            dice = overlap[overlap["view"] == "all"].groupby("structure", sort=False)["dice mean"].mean()  # ED and ES
            whole = logged(run.folder, "test/dice_")
            rows += [{**name, "what": f"Dice {structure}", "value": whole[structure]} for structure in dice.index]
            rows += [{**name, "what": f"plane Dice {structure}", "value": value} for structure, value in dice.items()]
            rows.append({**name, "what": "volumes off by (%)", "value": relative_error(run.folder)})
    return pd.DataFrame(rows).dropna(subset="value")


def logged(folder: Path, start: str) -> dict[str, float]:
    """Return the last value of each scalar that a run logged under a name with this start, by the rest of the name."""
    found = {}
    for file in sorted(folder.glob("events.out.tfevents.*")):
        events = EventAccumulator(str(file)).Reload()
        for tag in events.Tags()["scalars"]:
            if tag.startswith(start):
                found[tag.removeprefix(start)] = events.Scalars(tag)[-1].value
    return found


def relative_error(folder: Path) -> float:
    """Return by how much volumes and masses from predicted labels differ from those of true ones, a mean, in %."""
    volumes = pd.read_csv(folder / "test" / "volumes.csv")
    names = [
        name.removeprefix("true ") for name in volumes if re.fullmatch(r"true (..EDV|..ESV|LVM|.AV max) \(.+\)", name)
    ]
    off = [(volumes[f"predicted {name}"] / volumes[f"true {name}"] - 1).abs() for name in names]
    return float(100 * pd.concat(off, axis=1).mean().mean())


def training_mean(folder: Path, targets: list[str]) -> dict[str, float]:
    """Return the error of predicting everybody to be as the training split is on average."""
    views = {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": 12}
    table = str(folder / "cohort" / "phenotypes.csv")
    data = CineDataModule(str(folder / "cache"), views, fractions=(0.72, 0.08, 0.20), min_planes=5, table=table)
    data.setup("test")
    mean = np.nanmean(data.use_targets(targets), axis=0)
    test = data.dataset(data.subjects["test"])
    errors = np.abs(np.asarray(test.phenotypes) - mean)
    return dict(zip(targets, np.nanmean(errors, axis=0).tolist(), strict=True))


def table(found: pd.DataFrame, task: str) -> str:
    """Return a Markdown table: a row an arm and number of labels, a column a target or structure."""
    some = found[found["task"] == task]
    groups = some.groupby(["labels", "arm", "what"], sort=False)
    grouped = groups[["value", "low", "high"]].mean().assign(spread=groups["value"].std())
    cells = {index: cell(line) for index, line in grouped.iterrows()}
    whats = list(dict.fromkeys(some["what"]))
    lines = ["| labels | arm | " + " | ".join(whats) + " |", "| ---: | --- |" + " ---: |" * len(whats)]
    for labels, arm in dict.fromkeys(zip(some["labels"], some["arm"], strict=True)):
        values = [cells.get((labels, arm, what), "") for what in whats]
        lines.append(f"| {labels} | {arm} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def cell(line: "pd.Series[float]") -> str:
    """Return a mean, its standard deviation over seeds and its interval as text, as far as there are any."""
    spread = "" if np.isnan(line["spread"]) else f" ± {line['spread']:.2g}"
    interval = "" if np.isnan(line["low"]) else f" [{line['low']:.3g}, {line['high']:.3g}]"
    return f"{line['value']:.3g}{spread}{interval}"


def verdict(found: pd.DataFrame) -> list[str]:
    """Return a sentence for each number of labels and pair of arms: where the pretrained encoder is better.

    A difference counts where neither value lies in the other's interval; overlaps have no interval and are left out.
    """
    means = found.groupby(["labels", "arm", "what"], sort=False)[["value", "low", "high"]].mean().dropna()
    sentences = []
    for labels, (one, other) in product(dict.fromkeys(found["labels"]), PAIRS):
        said: dict[str, list[str]] = {"better": [], "worse": [], "alike": []}
        for what in dict.fromkeys(found["what"]):
            if {(labels, arm, what) for arm in (one, other)} <= set(means.index):
                said[compared(means.loc[(labels, one, what)], means.loc[(labels, other, what)])].append(what)
        parts = "; ".join(f"{how} at {', '.join(whats)}" for how, whats in said.items() if whats)
        if parts:
            sentences.append(f"With {labels} labels, {one} against {other}: {parts}.")
    return sentences


def fewer_labels(found: pd.DataFrame) -> list[str]:
    """Return where the pretrained encoder with few labels is at least as good as one from scratch with more."""
    means = found.groupby(["labels", "arm", "what"])["value"].mean()
    few, more = (means.get((labels, arm)) for labels, arm in ((FEW, "fine-tuned"), (MORE, "scratch")))
    if few is None or more is None:
        return []
    share = pd.DataFrame({"few": few, "more": more}).dropna()
    higher = share.index.str.contains("Dice")
    good = share.index[(share["few"] >= share["more"]) == higher]
    names = ", ".join(good) or "nothing"
    count = f"{len(good)} of {len(share)}"
    return [f"Fine-tuned with {FEW} labels is at least as good as from scratch with {MORE} at {count}: {names}."]


def compared(one: pd.Series, other: pd.Series) -> str:
    """Return whether the error `one` is better, worse or alike; each has a value and the ends of its interval."""
    if other["low"] <= one["value"] <= other["high"] or one["low"] <= other["value"] <= one["high"]:
        return "alike"
    return "better" if one["value"] < other["value"] else "worse"


def draw_learning_curves(path: Path, found: pd.DataFrame) -> None:
    """Draw the value of each target against the number of labels, a line an arm."""
    whats, counts = list(dict.fromkeys(found["what"])), sorted(found["labels"].unique())
    figure = Figure(figsize=(3.4 * COLUMNS, 0.5 + 2.6 * -(-len(whats) // COLUMNS)), layout="constrained")
    axes = np.atleast_1d(figure.subplots(-(-len(whats) // COLUMNS), COLUMNS)).ravel()
    for axis, what in zip(axes, whats, strict=False):
        for arm, some in found[found["what"] == what].groupby("arm", sort=False):
            means = some.groupby("labels")[["value", "low", "high"]].mean()
            axis.plot(means.index, means["value"], marker="o", markersize=3, label=arm)
            axis.fill_between(means.index, means["low"], means["high"], alpha=0.12)
        axis.set_xscale("log")
        axis.set_xticks(counts, [str(count) for count in counts])
        axis.set_xticks([], minor=True)
        axis.set_xlabel("labelled subjects", fontsize=8)
        axis.set_title(what, fontsize=9)
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25, linewidth=0.5)
    for axis in axes[len(whats) :]:
        axis.set_visible(False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    write_atomically(path, lambda stream: figure.savefig(stream, format="png", dpi=110))


def write_report(runs: "list[Run]", out: Path) -> None:
    """Write evidence.md and its figures from the runs that are done."""
    if not runs:
        return
    out.mkdir(parents=True, exist_ok=True)
    found = collect(runs)
    minutes = sum(float((run.folder / "minutes.txt").read_text()) for run in runs)
    text = [
        "# Evidence: what pretraining is worth downstream",
        "Written by `python -m benchmarks.evidence`. " + " ".join(description()),
        f"{len(runs)} runs, {minutes:.0f} minutes of one core beside the pretrainings; a seed also chooses the "
        "labelled subjects, but there is one pretraining of each kind. Every trained arm of a task has the same data, "
        "batches and number of steps; probes are solved in closed form on a frozen encoder. Values are means over "
        "seeds on the test split ± their standard deviation, brackets the mean ends of subject-level 95 % bootstrap "
        "intervals. A cohort of synthetic hearts: it compares methods and says nothing about patients. Dice is that of "
        "a study, all planes and frames together, then a mean over studies; plane Dice is a mean over planes at ED and "
        "ES, where a missed tip counts as 0.",
    ]
    for task in dict.fromkeys(run.arm.task for run in runs):
        text += section(task, [run for run in runs if run.arm.task == task], found[found["task"] == task], out)
    write_atomically(out / "evidence.md", lambda stream: stream.write(("\n\n".join(text) + "\n").encode()))


def section(task: str, runs: "list[Run]", found: pd.DataFrame, out: Path) -> list[str]:
    """Return the paragraphs on one task, and draw its figures."""
    seeds = ", ".join(str(seed) for seed in sorted({run.seed for run in runs}))
    steps = {run.labels: run.epochs * (run.labels // run.batch) for run in runs}
    trained = ", ".join(f"{count} with {labels}" for labels, count in steps.items())
    text = [
        f"## {task.capitalize()}",
        f"Seeds: {seeds}. Steps of training, by labels: {trained}.",
        table(found, task),
        *verdict(found),
        *fewer_labels(found),
    ]
    if task == "phenotype":
        means = training_mean(runs[0].folder.parents[1], list(TARGETS))
        text.append("Training mean: " + ", ".join(f"{name} {value:.3g}" for name, value in means.items()) + ".")
    if found["labels"].nunique() > 1:
        text.append(f"![learning curves](evidence_{task}.png)")
        draw_learning_curves(out / f"evidence_{task}.png", found)
    shown = max((run for run in runs if run.arm.name == "fine-tuned"), key=lambda run: run.labels, default=None)
    pictures = sorted((shown.folder / "figures").glob(PICTURES[task])) if shown else []
    if shown and pictures:
        shutil.copyfile(pictures[0], out / f"evidence_{task}_example.png")
        text.append(f"![fine-tuned with {shown.labels} labels](evidence_{task}_example.png)")
    return text
