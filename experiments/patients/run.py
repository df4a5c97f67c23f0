"""The measurements: each a table of arms with intervals, and how the aligned encoder differs from the others."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from benchmarks.patients.features import Features
from benchmarks.patients.probes import Array, Estimate, auroc, draws_of, over_subjects, predicted
from benchmarks.patients.settings import FIRST, Settings
from jsonargparse import ArgumentParser
from numpy.typing import NDArray

from cmr_ssl.cohort.phenotypes import read_phenotypes
from cmr_ssl.cohort.splits import Split
from cmr_ssl.concordance import concordance
from cmr_ssl.contrast import pairs_of, ranks
from cmr_ssl.files import checkpoint_at
from cmr_ssl.shipped import shipped
from cmr_ssl.tables.field_reader import read_fields
from cmr_ssl.tasks.alignment import AlignmentTask
from cmr_ssl.tasks.cox import EVENT, YEARS, Cox
from cmr_ssl.tasks.trained import load_task

PHENOTYPES = ("LVEDV (mL)", "LVESV (mL)", "LVEF (%)", "LVM (g)", "RVEF (%)", "LAV max (mL)")
DIAGNOSES = ("Hypertension", "Atrial fibrillation", "Heart failure", "Myocardial infarction", "Cardiomyopathy")
RETRIEVED, DRAWN = 100, 50  # subjects among whom is looked for one, and how often they are drawn
Chosen = NDArray[np.intp]
OfSubjects = Callable[[Chosen], float]
Measure = Callable[[str, int, Chosen], float]
Rows = dict[str, dict[str, Estimate]]  # what -> arm or difference -> how much


def retrieval(settings: Settings) -> dict[str, dict[str, float]]:
    """Return how often the own counterpart comes first among 100 test subjects, with whole, halved and wrong tables."""
    task = load_task(checkpoint_at(settings.aligned)).task
    assert isinstance(task, AlignmentTask)  # for the type checker
    tested = settings.subjects()["test"]
    values = torch.from_numpy(read_fields(settings.table, task.fields, tested).copy())
    rng = np.random.default_rng(0)
    half = values.masked_fill(torch.from_numpy(rng.random(values.shape) < 0.5), torch.nan)
    wrong = values.roll(1, dims=0)
    features = torch.from_numpy(Features(settings.features("aligned")).of(tested))
    shown = {"whole table": values, "half of the fields missing": half, "another patient's table": wrong}
    with torch.inference_mode():
        images = task.image_head(features)
        return {name: _found(images, task.table_head(task.table(one)), rng) for name, one in shown.items()}


def _found(images: torch.Tensor, tables: torch.Tensor, rng: np.random.Generator) -> dict[str, float]:
    sums: dict[str, list[float]] = {}
    count = min(RETRIEVED, len(images))
    for _ in range(DRAWN):
        chosen = torch.from_numpy(rng.choice(len(images), count, replace=False))
        pairs = pairs_of(images[chosen], tables[chosen], torch.ones(count, dtype=torch.bool))
        for way, rank in ranks(pairs).items():
            sums.setdefault(f"{way.replace('_', ' ')}, first", []).append(float((rank <= 1).float().mean()))
            sums.setdefault(f"{way.replace('_', ' ')}, among five", []).append(float((rank <= 5).float().mean()))
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
    subjects = settings.subjects()
    everybody = subjects["train"] + subjects["test"]
    table = pd.DataFrame(read_phenotypes(settings.table, targets, everybody), everybody)
    told: dict[str, Array] = {}
    for arm in settings.arms:
        features = Features(settings.features(arm))
        drawn = draws_of(subjects["train"], settings.labels, settings.draws)
        told[arm] = np.stack([
            predicted(features, some, torch.tensor(table.loc[some].to_numpy()), subjects["test"]) for some in drawn
        ])  # fmt: skip
    return told, table.loc[subjects["test"]].to_numpy(np.float64)


def _compared(settings: Settings, targets: tuple[str, ...], true: Array, measure: Measure) -> Rows:
    """Return of each target what is measured of each arm, and how the first one differs from the others."""
    rows: Rows = {}
    for index, name in enumerate(targets):
        of_arm = {arm: partial(measure, arm, index) for arm in settings.arms}
        rows[name] = {arm: over_subjects(one, len(true)) for arm, one in of_arm.items()}
        for other in settings.others:
            less = partial(_difference, of_arm[FIRST], of_arm[other])
            rows[name][f"{FIRST} - {other}"] = over_subjects(less, len(true))
    return rows


def _difference(one: OfSubjects, other: OfSubjects, chosen: Chosen) -> float:
    return one(chosen) - other(chosen)


def risk(settings: Settings) -> dict[str, object]:
    """Return the concordance of each arm with all training labels, of covariates, and the best possible one."""
    cox, subjects = shipped_cox(), settings.subjects()
    everybody = subjects["train"] + subjects["test"]
    holder = Holder(settings, everybody, subjects["train"])
    training = cox.read_targets(holder, ["Heart failure"])
    cox.fit_statistics(training, ["Heart failure"])
    true = holder.phenotypes.loc[subjects["test"]].to_numpy(np.float64)
    followed = np.isfinite(true).all(axis=1)
    seen = true[followed]
    aims = cox.target_outputs(torch.from_numpy(training).float())
    known = ~aims.isnan().any(dim=1)
    some = [subject for subject, has in zip(subjects["train"], known.tolist(), strict=True) if has]
    scores: dict[str, Array] = {}
    for arm in settings.arms:
        told = predicted(Features(settings.features(arm)), some, aims[known], subjects["test"])
        scores[arm] = told[followed, 0]
    scores["covariates"] = cox.covariate_hazard(torch.from_numpy(seen).float()).double().numpy()
    scores["best possible"] = seen[:, -1]

    of_score = {name: partial(_ranked, told, seen) for name, told in scores.items()}
    rows = {name: over_subjects(one, len(seen)) for name, one in of_score.items()}
    for other in (*settings.others, "covariates", "best possible"):
        less = partial(_difference, of_score[FIRST], of_score[other])
        rows[f"{FIRST} - {other}"] = over_subjects(less, len(seen))
    counts = {"subjects": len(seen), "events": int(seen[:, EVENT].sum()), "training": len(some)}
    return {"concordance": rows, "counts": counts}


def _ranked(told: Array, seen: Array, chosen: Chosen) -> float:
    return concordance(told[chosen], seen[chosen, YEARS], seen[chosen, EVENT] > 0)


class Holder:
    """What a risk needs of a data module."""

    def __init__(self, settings: Settings, everybody: list[str], training: list[str]) -> None:
        """Note who there is."""
        self.phenotypes = pd.DataFrame(index=everybody)
        self.subjects, self.path = dict[Split, list[str]](train=training), settings.table

    def table_file(self) -> Path:
        """Return where the table is."""
        return self.path

    def keep(self, values: NDArray[np.float32], targets: list[str]) -> NDArray[np.float32]:
        """Keep the values and return those of training."""
        self.phenotypes = pd.DataFrame(values, self.phenotypes.index, targets)
        return self.phenotypes.loc[self.subjects["train"]].to_numpy(copy=True)


def shipped_cox() -> Cox:
    """Return the objective of configs/risk.yaml."""
    path = shipped("risk")
    assert path is not None  # it comes with the package
    described = yaml.safe_load(path.read_text())["model"]["init_args"]["objective"]
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(Cox, "objective")
    made = parser.instantiate(parser.parse_object({"objective": described})).objective
    made.outputs(["Heart failure"])
    return made
