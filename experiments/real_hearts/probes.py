"""Volumes by ridge and diagnoses by logistic regression on what a frozen encoder sees of patients."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from cmr_ssl.probing.closed_form import solve
from cmr_ssl.report.tables import write_csv
from experiments.real_hearts.arms import Look, file_name
from experiments.real_hearts.cohort import GROUP, members, of_each_diagnosis, read_fold
from experiments.real_hearts.features import landmarks
from experiments.real_hearts.settings import ALL, Settings

Array = NDArray[np.float64]

TARGETS = ("LVEF (%)", "LVEDV (mL)", "LVM (g)")
PENALTIES = np.logspace(-3, 2, 11)  # of the squared weights, in units of the features' variance
PARTS = 5  # of the training patients, each left out in turn to choose the penalty
TABLE = "predicted.csv"


class Probe(NamedTuple):
    """One look at the patients of a fold."""

    look: Look
    fold: int

    def table(self, settings: Settings) -> Path:
        """Return where its predictions lie: a row a patient, number of labels and draw."""
        return settings.folder(self.fold) / "probes" / file_name(self.look.name) / TABLE


def plan(settings: Settings, looks: list[Look]) -> list[Probe]:
    """Return all probes."""
    return [Probe(look, fold) for fold in settings.chosen for look in looks]


def carry_out(settings: Settings, probe: Probe) -> None:
    """Fit on few and on all patients of the training folds and predict those of the test fold."""
    table = read_fold(settings, probe.fold)
    subjects = sorted(table.index)
    seen = pd.DataFrame(landmarks(settings, probe.fold, probe.look, subjects).double().numpy(), subjects)
    learning, test = table.loc[members(table, "train", "val")], table.loc[members(table, "test")]
    rows = []
    for count in settings.few:
        for draw in range(settings.draws_of(count)):
            chosen = table.loc[of_each_diagnosis(learning, count, draw)]
            told = predict(seen.loc[chosen.index].to_numpy(), chosen, seen.loc[test.index].to_numpy(), test)
            rows.append(told.assign(labels=count, draw=draw))
    write_csv(probe.table(settings), pd.concat(rows))


def predict(seen: Array, known: pd.DataFrame, asked: Array, test: pd.DataFrame) -> pd.DataFrame:
    """Learn from patients whose values are known and predict others.

    Args:
        seen: features of those known, (N, F).
        known: their table.
        asked: features of the others, (M, F).
        test: their table, for what is true.

    Returns:
        A row for each of the others: predicted and true values, and diagnoses.
    """
    mean, deviation = seen.mean(axis=0), seen.std(axis=0) + 1e-8
    seen, asked = (seen - mean) / deviation, (asked - mean) / deviation
    targets = [name for name in TARGETS if name in known]
    true, features = torch.tensor(known[targets].to_numpy(np.float64)), torch.from_numpy(seen)
    values = solve(features[:, None], true, targets).predict(torch.from_numpy(asked)).numpy()
    told = {"subject": test.index.to_numpy()}
    for column, name in enumerate(targets):
        told |= {f"predicted {name}": values[:, column], f"true {name}": test[name].to_numpy()}
    diagnosis = diagnose(seen, known[GROUP].to_numpy(str), asked)
    return pd.DataFrame(told | {"predicted diagnosis": diagnosis, "true diagnosis": test[GROUP].to_numpy()})


def diagnose(seen: Array, groups: NDArray[np.str_], asked: Array) -> NDArray[np.str_]:
    """Return the likeliest group of each patient asked about, by logistic regression with a chosen penalty.

    Weights live in the span of the patients seen, so their inner products are all that is needed.
    """
    names, index = np.unique(groups, return_inverse=True)
    scores, new = principal(seen, asked)
    penalty = min(PENALTIES, key=lambda one: left_out_loss(scores, index, len(names), one))
    weights = logistic(scores, index, len(names), penalty)
    return np.asarray(names[(new @ weights[:-1] + weights[-1]).argmax(axis=1)])


def principal(seen: Array, asked: Array) -> tuple[Array, Array]:
    """Return coordinates of both in the span of `seen`, scaled so that a patient's squares add up to about one."""
    scale = np.sqrt(seen.shape[1])
    _, values, axes = np.linalg.svd(seen / scale, full_matrices=False)
    axes = axes[values > 1e-8 * values[0]]
    return seen / scale @ axes.T, asked / scale @ axes.T


def logistic(scores: Array, index: NDArray[np.intp], classes: int, penalty: float) -> Array:
    """Return weights (F, classes) and below them biases, which are free."""
    wanted, shape = np.eye(classes)[index], (scores.shape[1] + 1, classes)
    rows = np.column_stack([scores, np.ones(len(scores))])

    def loss(flat: Array) -> tuple[float, Array]:
        weights = flat.reshape(shape)
        logits = rows @ weights
        slope = rows.T @ (softmax(logits, axis=1) - wanted)
        slope[:-1] += penalty * weights[:-1]
        value = -(wanted * log_softmax(logits, axis=1)).sum() + penalty * np.square(weights[:-1]).sum() / 2
        return float(value), slope.ravel()

    return np.asarray(minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B").x.reshape(shape))


def left_out_loss(scores: Array, index: NDArray[np.intp], classes: int, penalty: float) -> float:
    """Return the mean log loss on patients left out, a fifth at a time, each diagnosis dealt evenly."""
    part = np.empty(len(index), dtype=np.intp)
    part[np.argsort(index, kind="stable")] = np.arange(len(index)) % PARTS
    losses = []
    for out in range(PARTS):
        away = part == out
        weights = logistic(scores[~away], index[~away], classes, penalty)
        logits = scores[away] @ weights[:-1] + weights[-1]
        losses += (-log_softmax(logits, axis=1)[np.arange(away.sum()), index[away]]).tolist()
    return float(np.mean(losses))


def read(settings: Settings, probes: list[Probe]) -> pd.DataFrame:
    """Return the predictions of all probes that are done, with their look and fold."""
    tables = [
        pd.read_csv(probe.table(settings), dtype={"subject": str}).assign(arm=probe.look.name, fold=probe.fold)
        for probe in probes
        if probe.table(settings).is_file()
    ]
    found = pd.concat(tables) if tables else pd.DataFrame()
    return found.replace({"labels": {ALL: "all"}}) if len(found) else found
