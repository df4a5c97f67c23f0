"""How many true values the intervals hold where planes of a study are missing."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from cmr_ssl.agreement import Estimate
from cmr_ssl.conformal import COVERAGE, coverage
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.robustness.outcomes import batches, evaluate_scenarios
from cmr_ssl.robustness.scenarios import scenarios
from cmr_ssl.tasks.phenotype import PhenotypeTask
from cmr_ssl.tasks.trained import Trained, load_task
from experiments.cohorts import MIN_PLANES
from experiments.reliability.settings import ALL, MISSING, Settings

SEED = 0
BATCH = 8


def with_planes_missing(settings: Settings) -> pd.DataFrame:
    """Return a row for each scenario and target: coverage, with its interval by Wilson, and the mean error."""
    trained = load_task(settings.checkpoint)
    data, task = opened(settings, trained), trained.task
    assert isinstance(task, PhenotypeTask)
    chosen = [one for one in scenarios(data.shape[0], SEED) if one.name in (ALL, *MISSING)]
    with torch.inference_mode():
        tested = batches(data, data.subjects["test"], BATCH, torch.device("cpu"))
        found = evaluate_scenarios(task, chosen, tested)
    half = task.objective.half_widths(task.targets)
    rows = [
        row
        for scenario, outcome in zip(chosen, found.outcomes, strict=True)
        for row in rows_of(scenario.name, (outcome.values - found.true).numpy().astype(np.float64), task.targets, half)
    ]
    return pd.DataFrame(rows)


def rows_of(
    name: str, errors: "np.typing.NDArray[np.float64]", targets: list[str], half: dict[str, float]
) -> Iterator[dict[str, object]]:
    """Yield a row a target: what the half widths hold of errors (N, K)."""
    for target, values in zip(targets, errors.T, strict=True):
        yield row(name, target, values, coverage(values, half[target]), half[target])


def row(
    name: str, target: str, errors: "np.typing.NDArray[np.float64]", share: Estimate, half: float
) -> dict[str, object]:
    """Return one row of coverage, of errors (N,)."""
    known = errors[np.isfinite(errors)]
    return {
        "scenario": name,
        "of": target,
        COVERAGE: share.value,
        "low": share.low,
        "high": share.high,
        "N": len(known),
        "MAE": float(np.abs(known).mean()),
        "half width": half,
    }


def opened(settings: Settings, trained: Trained) -> CineDataModule:
    """Return the usual cohort as the head saw it, with the true values."""
    first, second, third = trained.split["fractions"]
    data = CineDataModule(
        str(settings.usual.cache),
        trained.views,
        workers=0,
        fractions=(first, second, third),
        min_planes=MIN_PLANES,
        table=str(settings.usual.table),
    )
    data.setup("test")
    assert isinstance(trained.task, PhenotypeTask)
    data.carry(trained.task)
    return data
