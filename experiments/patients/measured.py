"""The measurements: each a table of arms with intervals, and how the aligned encoder differs from the others."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pandas as pd
import torch
import yaml
from jsonargparse import ArgumentParser
from numpy.typing import NDArray
from torch import Tensor

from cmr_ssl.cohort.phenotypes import read_phenotypes
from cmr_ssl.concordance import concordance
from cmr_ssl.contrast import pairs_of, ranks
from cmr_ssl.files import checkpoint_at
from cmr_ssl.probing.closed_form import solve
from cmr_ssl.shipped import shipped
from cmr_ssl.tables.field_reader import read_fields
from cmr_ssl.tasks.alignment import AlignmentTask
from cmr_ssl.tasks.cox import EVENT, YEARS, Cox
from cmr_ssl.tasks.trained import load_task
from experiments.cohorts import opened
from experiments.patients.features import everybody, seen
from experiments.patients.settings import FIRST, Settings
from experiments.statistics import Array, Estimate, auroc, over_subjects

PHENOTYPES = ("LVEDV (mL)", "LVESV (mL)", "LVEF (%)", "LVM (g)", "RVEF (%)", "LAV max (mL)")
DIAGNOSES = ("Hypertension", "Atrial fibrillation", "Heart failure", "Myocardial infarction", "Cardiomyopathy")
ILLNESS = "Heart failure"
RETRIEVED, DRAWN = 100, 50  # subjects among whom is looked for one, and how often they are drawn
Chosen = NDArray[np.intp]
OfSubjects = Callable[[Chosen], float]
Measure = Callable[[str, int, Chosen], float]
Rows = dict[str, dict[str, Estimate]]  # what -> arm or difference -> how much


def retrieval(settings: Settings) -> dict[str, dict[str, float]]:
    """Return how often the own counterpart comes first among 100 test subjects, with whole, halved and wrong tables."""
    task, data = load_task(checkpoint_at(settings.aligned)).task, opened(settings.cohort)
    assert isinstance(task, AlignmentTask)  # for the type checker
    tested = data.subjects["test"]
    values = torch.from_numpy(read_fields(settings.cohort.table, task.fields, tested).copy())
    rng = np.random.default_rng(0)
    half = values.masked_fill(torch.from_numpy(rng.random(values.shape) < 0.5), torch.nan)
    shown = {
        "whole table": values,
        "half of the fields missing": half,
        "another patient's table": values.roll(1, dims=0),
    }
    features = torch.tensor(seen(settings, data, "aligned").loc[tested].to_numpy())
    with torch.inference_mode():
        images = task.image_head(features)
        return {name: _found(images, task.table_head(task.table(one)), rng) for name, one in shown.items()}


def _found(images: Tensor, tables: Tensor, rng: np.random.Generator) -> dict[str, float]:
    sums: dict[str, list[float]] = {}
    count = min(RETRIEVED, len(images))
    for _ in range(DRAWN):
        chosen = torch.from_numpy(rng.choice(len(images), count, replace=False))
        pairs = pairs_of(images[chosen], tables[chosen], torch.ones(count, dtype=torch.bool))
        for way, rank in ranks(pairs).items():
            for ending, most in (("first", 1), ("among five", 5)):
                share = float((rank <= most).float().mean())
                sums.setdefault(f"{way.replace('_', ' ')}, {ending}", []).append(share)
    return {name: float(np.mean(shares)) for name, shares in sums.items()}


def phenotypes(settings: Settings) -> Rows:
    """Return the mean absolute error of each phenotype with few labels, by arm."""
    told, true = _with_labels(settings, PHENOTYPES)

    def error(arm: str, index: int, chosen: Chosen) -> float:
        return float(np.nanmean(np.abs(told[arm][:, :, index] - true[:, index])[:, chosen]))

    return _compared(settings, PHENOTYPES, true, error)


def diagnoses(settings: Settings) -> Rows:
    """Return the AUROC of each diagnosis with few labels, by arm."""
    told, true = _with_labels(settings, DIAGNOSES)

    def area(arm: str, index: int, chosen: Chosen) -> float:
        known = chosen[np.isfinite(true[chosen, index])]
        return float(np.mean([auroc(draw[known, index], true[known, index] == 1) for draw in told[arm]]))

    return _compared(settings, DIAGNOSES, true, area)


def _with_labels(settings: Settings, targets: tuple[str, ...]) -> tuple[dict[str, Array], Array]:
    """Return what each arm says of the test subjects, (D, S, K), and what is true, (S, K)."""
    data = opened(settings.cohort)
    true = pd.DataFrame(read_phenotypes(settings.cohort.table, targets, everybody(data)), everybody(data))
    tested = data.subjects["test"]
    told: dict[str, Array] = {}
    for arm in settings.arms:
        features = seen(settings, data, arm)
        drawn = draws_of(data.subjects["train"], settings.labels, settings.draws)
        told[arm] = np.stack([predicted(features, true.loc[some], tested) for some in drawn])
    return told, true.loc[tested].to_numpy(np.float64)


def draws_of(subjects: list[str], labels: int, draws: int) -> Iterator[list[str]]:
    """Yield so many subjects, drawn anew each time."""
    for seed in range(draws):
        yield np.random.default_rng(seed).choice(subjects, min(labels, len(subjects)), replace=False).tolist()


def predicted(features: pd.DataFrame, aims: pd.DataFrame, tested: list[str]) -> Array:
    """Return what a linear head that learnt the aims of some subjects, (N, K), says of those tested, (S, K)."""
    shown, asked = (torch.tensor(features.loc[one].to_numpy()) for one in (list(aims.index), tested))
    return solve(shown[:, None], torch.tensor(aims.to_numpy())).predict(asked).numpy()


def _compared(settings: Settings, targets: tuple[str, ...], true: Array, measure: Measure) -> Rows:
    """Return of each target what is measured of each arm, and how the first one differs from the others."""
    return {
        name: _with_differences({arm: partial(measure, arm, index) for arm in settings.arms}, settings.others, true)
        for index, name in enumerate(targets)
    }


def _with_differences(measures: dict[str, OfSubjects], others: list[str], true: Array) -> dict[str, Estimate]:
    """Return what is measured of each arm, and how the first one differs from others."""
    rows = {arm: over_subjects(measure, len(true)) for arm, measure in measures.items()}
    for other in others:
        less = partial(difference, measures[FIRST], measures[other])
        rows[f"{FIRST} - {other}"] = over_subjects(less, len(true))
    return rows


def difference(one: OfSubjects, other: OfSubjects, chosen: Chosen) -> float:
    """Return by how much one measure of the same subjects is above another."""
    return one(chosen) - other(chosen)


def risk(settings: Settings) -> dict[str, object]:
    """Return the concordance of each arm with all training labels, of covariates, and the best possible one."""
    cox, data = shipped_cox(), opened(settings.cohort)
    known = cox.read_targets(settings.cohort.table, [ILLNESS], everybody(data))
    training, true = known.loc[data.subjects["train"]], known.loc[data.subjects["test"]].dropna()
    cox.fit_statistics(training.to_numpy(copy=True), [ILLNESS])
    aims = pd.DataFrame(cox.target_outputs(torch.tensor(training.to_numpy()).float()).numpy(), training.index).dropna()
    followed, tested = true.to_numpy(np.float64), list(true.index)
    scores = {arm: predicted(seen(settings, data, arm), aims, tested)[:, 0] for arm in settings.arms}
    scores["covariates"] = cox.covariate_hazard(torch.from_numpy(followed).float()).double().numpy()
    scores["best possible"] = followed[:, -1]
    measures: dict[str, OfSubjects] = {name: partial(_ranked, told, followed) for name, told in scores.items()}
    rows = _with_differences(measures, [*settings.others, "covariates", "best possible"], followed)
    counts = {"subjects": len(followed), "events": int(followed[:, EVENT].sum()), "training": len(aims)}
    return {"concordance": rows, "counts": counts}


def _ranked(told: Array, followed: Array, chosen: Chosen) -> float:
    return concordance(told[chosen], followed[chosen, YEARS], followed[chosen, EVENT] > 0)


def shipped_cox() -> Cox:
    """Return the objective of configs/risk.yaml."""
    path = shipped("risk")
    assert path is not None  # it comes with the package
    described = yaml.safe_load(path.read_text())["model"]["init_args"]["objective"]
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(Cox, "objective")
    made = parser.instantiate(parser.parse_object({"objective": described})).objective
    made.outputs([ILLNESS])
    return made
