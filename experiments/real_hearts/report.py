"""One page about real hearts, made from the tables of the runs that are done."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cmr_ssl.evaluation.holm import holm
from cmr_ssl.files import save_text, write_atomically
from cmr_ssl.report.tables import markdown
from experiments.left_out import TOLD_BY, by_region
from experiments.machine import description
from experiments.real_hearts import planes, probes
from experiments.real_hearts.arms import SELF_TRAINED, SYNTHETIC, SYNTHETIC_UNET, USUAL
from experiments.real_hearts.pairs import compared
from experiments.real_hearts.probes import Probe
from experiments.real_hearts.runs import CHOICE, DICE, DONE, VOLUMES, Run
from experiments.real_hearts.settings import ALL, Settings

PAGE, BY_HAND = "real_hearts.md", "## Written by hand"
OURS = ("synthetic labels, self-trained", "synthetic labels", "pretrained")  # what every other arm is compared with
TOLD = {
    "pretrained": "on the cines of the fold's training patients, without any label",
    "synthetic labels": "the same network, trained before on exact labels of synthetic hearts; before the labelled "
    "patients it has seen no real heart",
    "scratch": "the same network from random weights",
    "U-Net": "MONAI's, single frames, from random weights",
    "U-Net, synthetic labels": "that U-Net, trained before on exact labels of the same synthetic hearts",
}
ON_THEIR_OWN = (
    "goes on from the network of the arm for as many steps again, and learns in addition what that network is sure of "
    "on the unlabelled cines of the fold's training patients"
)
LOOKS = "pretrained tokens"  # what every other look is compared with
MEAN_DICE, COARSE_DICE = "Dice, mean", "Dice, mean (prepared)"
COMPARED = (MEAN_DICE, "LVEF (%)", "LVEDV (mL)", "LVM (g)")
KEYS = ["arm", "labels", "draw", "subject", "what"]


def collect(settings: Settings, runs: list[Run]) -> pd.DataFrame:
    """Return a row a patient and measure of every run that is done: Dice, and absolute errors of volumes."""
    found = [_rows(settings, run) for run in runs if run.done(settings)]
    return pd.concat(found) if found else pd.DataFrame(columns=[*KEYS, "value"])


def _rows(settings: Settings, run: Run) -> pd.DataFrame:
    folder = run.folder(settings)
    dice = pd.read_csv(folder / DICE, dtype={"subject": str})
    volumes = pd.read_csv(folder / VOLUMES, dtype={"subject": str}).set_index("subject")
    each = dice.groupby(["structure", "subject"], sort=False)["restored"].mean()
    whats = {f"Dice {structure}": each[structure] for structure in each.index.unique("structure")}
    whats[MEAN_DICE] = each.groupby("subject").mean()
    whats[COARSE_DICE] = dice.groupby(["subject", "structure"])["prepared"].mean().groupby("subject").mean()
    names = [name.removeprefix("true ") for name in volumes if name.startswith("true ")]
    whats |= {name: (volumes[f"predicted {name}"] - volumes[f"true {name}"]).abs() for name in names}
    table = pd.DataFrame(whats).rename_axis("subject").rename_axis("what", axis=1).stack().rename("value")
    return table.reset_index().assign(arm=run.arm.name, labels=run.labels, draw=run.draw)


def collect_probes(settings: Settings, done: list[Probe]) -> pd.DataFrame:
    """Return a row a patient and measure of every probe: absolute errors, and whether the diagnosis was right."""
    told = probes.read(settings, done)
    if told.empty:
        return pd.DataFrame(columns=[*KEYS, "value"])
    names = [name for name in probes.TARGETS if f"true {name}" in told]
    whats = {name: (told[f"predicted {name}"] - told[f"true {name}"]).abs() for name in names}
    whats["diagnosis right"] = (told["predicted diagnosis"] == told["true diagnosis"]).astype(float)
    wide = told[["arm", "labels", "draw", "subject"]].assign(**whats)
    return wide.melt(["arm", "labels", "draw", "subject"], var_name="what")


def means_table(found: pd.DataFrame, counted: str) -> str:
    """Return a Markdown table of means over patients and draws: a row an arm, a column a measure."""
    means = found.groupby(["labels", "arm", "what"], sort=False)["value"].mean()
    whats, rows = list(dict.fromkeys(found["what"])), []
    for labels, arm in dict.fromkeys(zip(found["labels"], found["arm"], strict=True)):
        cells = [f"{means.get((labels, arm, what), np.nan):.3g}" for what in whats]
        rows.append([_labels(labels), arm, *cells])
    rows.sort(key=lambda row: row[0] == "all")
    return markdown([counted, "arm", *whats], rows, 2)


def comparisons(found: pd.DataFrame, ours: str, whats: tuple[str, ...]) -> pd.DataFrame:
    """Return a row for each comparison of `ours` with another arm: mean difference, interval, corrected p."""
    values = found.set_index(["labels", "arm", "what", "subject", "draw"])["value"].sort_index()
    others = [arm for arm in dict.fromkeys(found["arm"]) if arm != ours]
    rows = []
    for labels, other, what in product(dict.fromkeys(found["labels"]), others, whats):
        keys = [(labels, arm, what) for arm in (ours, other)]
        found_of = [values.loc[key] for key in keys if key in values.index]
        comparison = compared(*found_of) if len(found_of) == 2 else None
        if comparison:
            difference = comparison.difference._asdict()
            rows.append({"labels": labels, "against": other, "what": what, **difference, "p": comparison.p})
    table = pd.DataFrame(rows, columns=["labels", "against", "what", "value", "low", "high", "p"])
    return table.assign(p=holm(table["p"].to_list()))


def comparisons_table(table: pd.DataFrame) -> str:
    """Return comparisons as Markdown; those that remain after correction are bold."""
    rows = []
    for row in table.itertuples():
        value = f"{row.value:+.3g} [{row.low:+.3g}, {row.high:+.3g}]"
        told = f"**{value}**" if row.p < 0.05 else value
        rows.append([_labels(row.labels), row.against, row.what, told, f"{row.p:.2g}"])
    return markdown(["labelled", "against", "what", "difference [95 %]", "p, Holm"], rows, 3)


def _labels(count: object) -> str:
    return "all" if count == ALL else str(count)


def compute(settings: Settings, runs: list[Run]) -> str:
    """Return a Markdown table of what training cost and which learning rates validation chose."""
    rows = [
        {"arm": run.arm.name, **trial}
        for run in runs
        if run.done(settings)
        for trial in _trials(pd.read_csv(run.folder(settings) / CHOICE))
    ]
    table = pd.DataFrame(rows)
    lines = []
    for arm, some in table.groupby("arm", sort=False):
        chosen = some.loc[some["chosen"], "rate"].value_counts().sort_index()
        told = ", ".join(f"{rate:g} ({count})" for rate, count in chosen.items())
        lines.append([arm, len(some), f"{some['minutes'].mean():.1f}", told])
    return markdown(["arm", "trainings", "minutes each", "rates chosen (times)"], lines)


def _trials(choice: pd.DataFrame) -> list[dict[str, object]]:
    """Return the trainings of a run, and of each whether validation chose it."""
    chosen = choice.index == choice["validation"].idxmax()
    return [
        {str(name): value for name, value in row.items()} for row in choice.assign(chosen=chosen).to_dict("records")
    ]


def draw_curves(path: Path, found: pd.DataFrame) -> None:
    """Draw the Dice of each structure against the number of labelled patients, a line an arm."""
    whats = [what for what in dict.fromkeys(found["what"]) if what.startswith("Dice") and what != COARSE_DICE]
    counts = sorted(found["labels"].unique(), key=lambda count: (count == ALL, count))
    figure = Figure(figsize=(3.2 * len(whats), 3.0), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(whats), sharey=True))
    for axis, what in zip(axes, whats, strict=True):
        for arm, some in found[found["what"] == what].groupby("arm", sort=False):
            means = some.groupby("labels")["value"].mean().reindex(counts)
            axis.plot(range(len(counts)), means, marker="o", markersize=3, label=arm)
        axis.set_xticks(range(len(counts)), [_labels(count) for count in counts])
        axis.set_xlabel("labelled patients", fontsize=8)
        axis.set_title(what, fontsize=9)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.25, linewidth=0.5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    write_atomically(path, lambda stream: figure.savefig(stream, format="png", dpi=110))


def write_report(settings: Settings, runs: list[Run], done: list[Probe], out: Path) -> Path:
    """Write the page and its figures from what is done, and return the page."""
    out.mkdir(parents=True, exist_ok=True)
    text = [*_head(settings), *_segmentation(settings, [run for run in runs if run.done(settings)], out)]
    text += _probes(settings, done) + _left_out(settings)
    page = out / PAGE
    save_text(page, "\n\n".join([*text, *by_hand(page)]) + "\n")
    return page


def by_hand(page: Path) -> list[str]:
    """Return what somebody wrote under `BY_HAND` at the end of the page, which stays."""
    written = page.read_text().partition(BY_HAND)[1:] if page.is_file() else ()
    return ["".join(written).strip()] if any(written) else []


def _head(settings: Settings) -> list[str]:
    return [
        "# Real hearts: what pretraining is worth on patients",
        "Written by `python -m experiments.real_hearts --source FOLDER`. " + " ".join(description()),
        f"Cross-validated by patient: {len(settings.chosen)} of {settings.folds} folds of alike diagnoses (seed "
        f"{settings.seed}; those tested: {', '.join(map(str, settings.chosen))}). "
        "Pretraining sees the cines of a fold's training patients, without labels; labels of few of "
        "them train each arm; a few others choose among its weights and learning rates "
        f"({'in each fold' if settings.tune_each_fold else 'rates in the first fold, for all'}); the fold's test "
        "patients are asked once. Values are means over test patients and draws of the labelled ones. Each training "
        f"with labels: `{' '.join(settings.training)}`, the best of {settings.rates} learning rates.",
    ]


def _segmentation(settings: Settings, runs: list[Run], out: Path) -> list[str]:
    if not runs:
        return []
    found = collect(settings, runs)
    draw_curves(out / "real_hearts_dice.png", found)
    named = [name for name in OURS if name in {*found["arm"]}]
    return [
        "## Segmentation",
        "Dice is that of a patient's whole stack, mean of ED and ES, at the pixels of the challenge within the window "
        f"(`{COARSE_DICE}`: at those of the cache). Volumes are absolute errors of predicted labels against true ones "
        "of the same window. Pictures of test patients stay in the folder of the runs.",
        _arms({*found["arm"]}),
        means_table(found, "labelled"),
        "![Dice against labelled patients](real_hearts_dice.png)",
        "Paired differences; 95 % by bootstrap of patients and draws. Dice: more is better; errors: less is.",
        *[part for at, ours in enumerate(named) for part in _compared(found[~found["arm"].isin(named[:at])], ours)],
        "Cost of training, one core:",
        compute(settings, runs),
        *_pretraining_cost(settings),
    ]


def _arms(names: set[str]) -> str:
    told = [f"* {name}: {what}" for name, what in TOLD.items() if name in names]
    if any(name.endswith(SELF_TRAINED) for name in names):
        told.append(f"* {SELF_TRAINED.removeprefix(', ')}: {ON_THEIR_OWN}")
    return "\n".join(told)


def _compared(found: pd.DataFrame, ours: str) -> list[str]:
    return [f"{ours.capitalize()}, minus the other arm:", comparisons_table(comparisons(found, ours, COMPARED))]


def _pretraining_cost(settings: Settings) -> list[str]:
    each = [settings.folder(fold) / USUAL.name / DONE for fold in settings.chosen]
    once = f"That on {settings.hearts} synthetic hearts with labels, once for all folds"
    told = [
        (f"Each pretraining on the cines of a fold ({USUAL.config})", each),
        *((f"{once} ({way.config}),", [settings.synthetic / way.name / DONE]) for way in (SYNTHETIC, SYNTHETIC_UNET)),
    ]
    return [f"{what} took {minutes:.0f} minutes of one core." for what, paths in told if (minutes := _minutes(paths))]


def _minutes(paths: list[Path]) -> float | None:
    found = [float(path.read_text().split()[0]) for path in paths if path.is_file()]
    return float(np.mean(found)) if found else None


def _probes(settings: Settings, done: list[Probe]) -> list[str]:
    found = collect_probes(settings, done)
    if found.empty:
        return []
    return [
        "## Volumes and diagnoses from frozen features",
        "Ridge (volumes of the full field, absolute errors) and logistic regression (share of right diagnoses) on "
        "means around landmarks of the heart; so many patients of each diagnosis.",
        means_table(found, "of each diagnosis"),
        f"Paired differences, {LOOKS} minus the other:",
        comparisons_table(comparisons(found, LOOKS, (*probes.TARGETS, "diagnosis right"))),
    ]


def _left_out(settings: Settings) -> list[str]:
    rows = planes.read(settings, USUAL)
    if rows.empty:
        return []
    means = by_region(rows)
    cells = means.map("{:.2f}".format)
    return [
        "## Real planes left out",
        f"Each plane of the test patients told by all others: PSNR in dB and SSIM of {', '.join(TOLD_BY)}.",
        markdown(["planes", *cells.columns], cells.itertuples(name=None)),
    ]
