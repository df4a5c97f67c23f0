"""Measures of robustness: is a depleted study still where the full one is, and still nearest to itself?

Raw cosine similarities prove nothing, since what all hearts have in common fills their vectors almost wholly: angles
are seen from the mean embedding of training subjects.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from torch import Tensor
from torch.nn.functional import normalize

from cmr_ssl.agreement import INTERVAL, Estimate
from cmr_ssl.conformal import COVERAGE
from cmr_ssl.robustness.outcomes import Outcome, Outcomes
from cmr_ssl.robustness.scenarios import Scenario
from cmr_ssl.tasks.base import Task
from cmr_ssl.tasks.phenotype import PhenotypePrediction

COSINE, IDENTITY, ERROR, AREA, DICE, DICE_FULL = "cosine", "identity", "MAE", "AUROC", "Dice", "Dice of full study"


class ScenarioScores(NamedTuple):
    """One number with its interval over `N` subjects: which measure, and of which embedding or target."""

    measure: str
    of: str
    value: float
    low: float
    high: float
    N: int


def table_of(
    task: Task, everything: Sequence[Scenario], evaluated: Outcomes, centres: dict[str, Tensor], seed: int
) -> pd.DataFrame:
    """Return one row for each scenario and measure; `changed` is the mean number of planes missing or flawed.

    Args:
        task: what was evaluated.
        everything: the scenarios, the first one of full studies.
        evaluated: their outcomes.
        centres: mean embedding of training subjects, (D,) by name.
        seed: of the resampling.
    """
    rows: list[dict[str, object]] = []
    for scenario, outcome in zip(everything, evaluated.outcomes, strict=True):
        about = {"kind": scenario.kind, "scenario": scenario.name, "planes": scenario.planes}
        about["changed"] = float(outcome.changed.mean())
        scores = measured(task, outcome, evaluated.outcomes[0], centres, evaluated.true, seed)
        rows += [about | score._asdict() for score in scores]
    return pd.DataFrame(rows)


def measured(
    task: Task, outcome: Outcome, full: Outcome, centres: dict[str, Tensor], true: Tensor, seed: int
) -> Iterator[ScenarioScores]:
    """Yield what can be measured of N studies; `full` are those with all their planes, `true` their values (N, K)."""
    usable = outcome.usable
    for name, vectors in outcome.embeddings.items():
        own, found = resemblance(vectors, full.embeddings[name], centres[name])
        yield mean_of(COSINE, name, own[usable], seed)
        yield mean_of(IDENTITY, name, found[usable], seed)
    yield from of_values(task, outcome.values[usable], true[usable], seed)
    if outcome.dice.isfinite().any():
        yield mean_of(DICE, "", outcome.dice, seed)
        yield mean_of(DICE_FULL, "", outcome.dice_full, seed)


def similarities(depleted: Tensor, full: Tensor, centre: Tensor) -> Tensor:
    """Return the cosines between depleted and full studies, (N, D) each, as seen from `centre` (D,); (N, N)."""
    return normalize(depleted - centre, dim=1) @ normalize(full - centre, dim=1).T


def resemblance(depleted: Tensor, full: Tensor, centre: Tensor) -> tuple[Tensor, Tensor]:
    """Return each study's cosine to itself in full (N,), and whether none of the N full studies is nearer, (N,)."""
    cosines = similarities(depleted, full, centre)
    own = cosines.diagonal()
    return own, (own >= cosines.amax(dim=1)).to(own.dtype)


def essential(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of what `table_of` returned that people should see first: one embedding, and no name for it."""
    about = table["measure"].isin((COSINE, IDENTITY))
    first = table["of"][about].iloc[:1].tolist()
    return table[~about | table["of"].isin(first)].assign(of=table["of"].where(~about, ""))


def own_cosines(evaluated: Outcomes, index: int, centres: dict[str, Tensor]) -> Tensor:
    """Return how alike each study of scenario `index` is to itself in full, by its first embedding, (N,)."""
    name, vectors = next(iter(evaluated.outcomes[index].embeddings.items()))
    return resemblance(vectors, evaluated.outcomes[0].embeddings[name], centres[name])[0]


def of_values(task: Task, predicted: Tensor, true: Tensor, seed: int) -> Iterator[ScenarioScores]:
    """Yield the error of each target, or the area under the curve of what has probabilities, of true values (N, K)."""
    if isinstance(task, PhenotypePrediction) and true.shape[1]:
        values, truth = (part.numpy().astype(np.float64) for part in (predicted, true))
        judged = task.objective.judge(values, truth, task.targets, seed)
        for name, estimates in judged.items():
            yield _row(ERROR if ERROR in estimates else AREA, name, estimates)
        for name, share in task.objective.coverages(values, truth, task.targets).items():
            yield _row(COVERAGE, name, judged[name] | {COVERAGE: share})


def mean_of(measure: str, of: str, values: Tensor, seed: int, resamples: int = 1000) -> ScenarioScores:
    """Return the mean of the values that are known, (N,), with its bootstrap interval over subjects."""
    known = values[values.isfinite()].numpy().astype(np.float64)
    if not len(known):
        return ScenarioScores(measure, of, np.nan, np.nan, np.nan, 0)
    again = np.random.default_rng(seed).integers(len(known), size=(resamples, len(known)))
    low, high = np.percentile(known[again].mean(axis=1), INTERVAL)
    return ScenarioScores(measure, of, float(known.mean()), float(low), float(high), len(known))


def _row(measure: str, of: str, estimates: dict[str, Estimate]) -> ScenarioScores:
    return ScenarioScores(measure, of, *estimates[measure], int(estimates["N"].value))
