"""Measure models on undersampled k-space, write the table and draw the curves."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.files import save_text, write_atomically
from cmr_ssl.report.tables import markdown, write_csv
from cmr_ssl.robustness.benchmark import Benchmark, open_data
from cmr_ssl.robustness.curves import COLOURS, DOTS_PER_INCH, MOST_MEASURES
from cmr_ssl.robustness.scores import DICE_FULL, essential
from cmr_ssl.robustness.undersampling import FULL, acquisition_of, table_of_ways, ways
from cmr_ssl.tasks.trained import load_task

NAME = "undersampling"
SIMULATED = (
    "The k-space is simulated from magnitude images: phase, coils and noise are invented, so these are results on a "
    "simulation, not on data of a scanner."
)


@torch.inference_mode()
def measure_undersampling(
    benchmark: Benchmark, checkpoints: Sequence[Path], accelerations: Sequence[float], out: Path, device: torch.device
) -> pd.DataFrame:
    """Measure `checkpoints` at each acceleration on the same test subjects, write into `out`, and return the table.

    Raises:
        ValueError: if they do not fit the cache, or have too few test subjects in common.
    """
    trained = [load_task(path) for path in checkpoints]
    data = [
        open_data(benchmark._replace(checkpoint=path), model) for path, model in zip(checkpoints, trained, strict=True)
    ]
    common = sorted(set.intersection(*(set(source.subjects["test"]) for source in data)))
    if len(common) < 2:
        raise ValueError(
            f"the checkpoints have {len(common)} test subjects of {benchmark.cache} in common: they were split "
            "otherwise, so compare runs with the same --data.fractions"
        )
    tested = first_subjects(common, benchmark.subjects, benchmark.seed)
    acquisition = acquisition_of([model.task for model in trained])
    tables = []
    for name, model, source in zip(names(checkpoints), trained, data, strict=True):
        reference = first_subjects(source.subjects["train"], benchmark.reference, benchmark.seed)
        task = model.task.to(device)
        everything = list(ways(task, acquisition, accelerations, benchmark.seed))
        table = table_of_ways(task, everything, source, tested, reference, benchmark.batch_size, benchmark.seed)
        table.insert(0, "model", name)
        tables.append(table)
    table = pd.concat(tables)
    write_csv(out / f"{NAME}.csv", table)
    save_text(out / f"{NAME}.md", summary(table, len(tested)))
    draw(out / f"{NAME}.png", essential_of(table))
    return table


def names(checkpoints: Sequence[Path]) -> list[str]:
    """Return what checkpoints are called in tables: the folder of their run, with a number where two are alike."""
    folders = [path.parent.parent.name or path.stem for path in checkpoints]
    return [
        f"{name} {folders[:index].count(name) + 1}" if folders.count(name) > 1 else name
        for index, name in enumerate(folders)
    ]


def essential_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that people should see first: one embedding of each model."""
    chosen = pd.concat([essential(part) for _, part in table.groupby("model", sort=False)])
    return chosen[chosen["measure"] != DICE_FULL]


def summary(table: pd.DataFrame, tested: int) -> str:
    """Return a row for each model, way and acceleration and a column a measure, as Markdown."""
    rows = essential_of(table)
    intervals = zip(rows["value"], rows["low"], rows["high"], strict=True)
    rows = rows.assign(
        text=[f"{value:.3g} ({low:.3g} to {high:.3g})" for value, low, high in intervals],
        column=(rows["measure"] + " " + rows["of"]).str.strip(),
    )
    keys = ["model", "way", "acceleration", "counted"]
    cells = rows.pivot(index=keys, columns="column", values="text").fillna("")
    order = pd.MultiIndex.from_frame(rows[keys].drop_duplicates())
    cells = cells.loc[order, list(dict.fromkeys(rows["column"]))]
    body = ([model, way, f"{counted:.3g}", *row] for (model, way, _, counted), *row in cells.itertuples(name=None))
    return (
        f"# Undersampled k-space\n\n{SIMULATED}\n\n{tested} subjects of the test split. R: all lines over those "
        "acquired, as counted. Cosine and identity compare with the first row of each model. In brackets: 95 % "
        f"bootstrap interval over subjects.\n\n{markdown(['model', 'way', 'R', *cells.columns], body, texts=2)}\n"
    )


def draw(path: Path, table: pd.DataFrame) -> None:
    """Draw each measure against the acceleration, a line for each model and way, as PNG."""
    panels = list(table[["measure", "of"]].drop_duplicates().itertuples(index=False, name=None))[:MOST_MEASURES]
    figure = Figure(figsize=(4.2 * len(panels), 3.8), layout="constrained")
    for axes, (measure, of) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        draw_panel(axes, table[(table["measure"] == measure) & (table["of"] == of)], f"{measure} {of}".strip())
    figure.suptitle("k-space simulated from magnitudes", fontsize=9)
    write_atomically(path, lambda stream: figure.savefig(stream, format="png", dpi=DOTS_PER_INCH))


def draw_panel(axes: Axes, table: pd.DataFrame, label: str) -> None:
    """Draw one measure; what needs no acceleration is a line across."""
    for index, ((model, way), rows) in enumerate(table.groupby(["model", "way"], sort=False)):
        colour, name = COLOURS[index % len(COLOURS)], f"{model}: {way}"
        if way == FULL:
            axes.axhline(rows["value"].iloc[0], color=colour, linestyle="--", linewidth=1, label=name)
            continue
        axes.fill_between(rows["counted"], rows["low"], rows["high"], color=colour, alpha=0.15, linewidth=0)
        axes.plot(rows["counted"], rows["value"], "o-", color=colour, markersize=3.5, linewidth=1.5, label=name)
    axes.set_xscale("log", base=2)
    axes.set(xlabel="acceleration R", ylabel=label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.5)
    axes.legend(fontsize=7, frameon=False)
