"""Measure the robustness of a checkpoint and write what comes out."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from rich.progress import track

from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.devices import fast_precision
from cmr_ssl.preparation.cache import check_prepared
from cmr_ssl.report.tables import write_csv
from cmr_ssl.robustness.curves import draw_curves
from cmr_ssl.robustness.outcomes import batches, centres_of, evaluate_scenarios
from cmr_ssl.robustness.scenarios import HALF, scenarios
from cmr_ssl.robustness.scores import own_cosines, table_of
from cmr_ssl.robustness.summary import write_summary
from cmr_ssl.robustness.worst_and_median import draw_worst_and_median
from cmr_ssl.tasks.phenotype import PhenotypePrediction
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.segmentation import Segmentation
from cmr_ssl.tasks.trained import Trained, load_task

NAME = "robustness"


class Benchmark(NamedTuple):
    """What is to be measured; the fields are the options of the command."""

    checkpoint: Path
    cache: Path
    table: Path | None
    subjects: int
    reference: int
    batch_size: int
    seed: int
    withdrawn: Path | None = None


@torch.inference_mode()
def measure(benchmark: Benchmark, out: Path, device: torch.device) -> pd.DataFrame:
    """Measure a checkpoint, write table, summary, curves and pictures into `out`, and return the table."""
    trained = load_task(benchmark.checkpoint)
    data, task = open_data(benchmark, trained), trained.task.to(device)
    everything = list(scenarios(data.shape[0], benchmark.seed))
    tested = first_subjects(data.subjects["test"], benchmark.subjects, benchmark.seed)
    reference = first_subjects(data.subjects["train"], benchmark.reference, benchmark.seed)
    loader = batches(data, tested, benchmark.batch_size, device)
    steps = track(loader, "robustness", total=-(-len(tested) // benchmark.batch_size))
    with fast_precision(device):
        centres = centres_of(task, batches(data, reference, benchmark.batch_size, device))
        outcomes = evaluate_scenarios(task, everything, steps)
    table = table_of(task, everything, outcomes, centres, benchmark.seed)
    if isinstance(task, PretrainingTask):
        half = [scenario.name for scenario in everything].index(HALF)
        one_by_one = {subject: batches(data, [subject], 1, device) for subject in outcomes.subjects}
        with fast_precision(device):
            draw_worst_and_median(out, task, everything[half], own_cosines(outcomes, half, centres), one_by_one)
    write_csv(out / f"{NAME}.csv", table)
    write_summary(
        out / f"{NAME}.md", table, type(task).__name__, len(outcomes.subjects), len(reference), benchmark.seed
    )
    draw_curves(out / f"{NAME}.png", {type(task).__name__: table})
    return table


def open_data(benchmark: Benchmark, trained: Trained) -> CineDataModule:
    """Return the cache, split as the checkpoint's data were.

    Raises:
        ValueError: if it does not fit the checkpoint, or has too few subjects to compare.
    """
    check_prepared(benchmark.cache, trained.preparation)
    first, second, third = trained.split["fractions"]
    data = CineDataModule(
        str(benchmark.cache),
        trained.views,
        workers=0,
        fractions=(first, second, third),
        split_column=trained.split["column"],
        labels=isinstance(trained.task, Segmentation),
        table=str(benchmark.table) if benchmark.table else None,
        withdrawn=str(benchmark.withdrawn) if benchmark.withdrawn else None,
    )
    data.setup("test")
    train, test = len(data.subjects["train"]), len(data.subjects["test"])
    if min(train, test) < 2:
        raise ValueError(
            f"{benchmark.cache} has {train} subjects of the checkpoint's training split and {test} of its test split: "
            "robustness needs at least 2 of each"
        )
    if benchmark.table and isinstance(trained.task, PhenotypePrediction):
        data.carry(trained.task)
    return data
