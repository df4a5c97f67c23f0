"""Report of `test` on predicted risk, beside covariates and known scores."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from lightning import Trainer
from rich.console import Console
from rich.table import Table

from cmr_ssl.agreement import Estimate
from cmr_ssl.callbacks.prediction_report import PredictionReport
from cmr_ssl.report.risk_plots import draw_calibration, draw_decision, draw_groups
from cmr_ssl.report.tables import FOLDER, as_row, print_folder, write_csv
from cmr_ssl.risk_measures import Array, Survival, brier, gain, observed, ranking
from cmr_ssl.tasks.cox import EVENT, REST, YEARS, Cox
from cmr_ssl.tasks.phenotype import PhenotypePrediction

IMAGE, COVARIATES, BOTH = "image", "covariates", "image and covariates"


class RiskReport(PredictionReport):
    """Write ``test/predicted.csv``, ``test/risk.csv``, ``test/calibration.csv`` and figures into the run folder.

    Models are compared on the same subjects: those with all covariates and scores.
    """

    objective = Cox

    def write(
        self, trainer: Trainer, task: PhenotypePrediction, subjects: list[str], predicted: Array, true: Array
    ) -> None:
        """Write tables and figures."""
        write_report(Path(trainer.default_root_dir), task, subjects, predicted, true)


def write_report(folder: Path, task: PhenotypePrediction, subjects: list[str], predicted: Array, true: Array) -> None:
    """Write tables and figures of predictions (N, 1 + H) and true values (N, K), as the objective orders them."""
    cox = task.objective
    assert isinstance(cox, Cox)  # for the type checker
    names = [*cox.names(task.targets), "years", "event"]
    columns = np.concatenate([predicted, true[:, : EVENT + 1]], axis=1)
    write_csv(folder / FOLDER / "predicted.csv", pd.DataFrame(columns, subjects, names).reset_index(names="subject"))
    followed = np.isfinite(true[:, EVENT])
    predicted, true = predicted[followed], true[followed]
    outcome = Survival(true[:, YEARS], true[:, EVENT] > 0)
    if not outcome.events.any():
        print(f"{task.targets[0]} happened to none of {len(true)} test subjects after imaging: nothing can be measured")
        return
    rows = ranking_rows(cox, predicted[:, 0], true)
    write_csv(folder / FOLDER / "risk.csv", pd.DataFrame(rows))
    draw_groups(folder / "figures" / "kaplan_meier.png", predicted[:, 0], outcome, task.targets[0])
    if np.isfinite(predicted).all():
        write_calibration(folder, cox, predicted, outcome)
    else:
        print("the validation split was too small to tell the risk at all horizons: only the ranking can be measured")
    print_rankings(rows, task.targets[0])
    print_folder(folder)


def write_calibration(folder: Path, cox: Cox, predicted: Array, outcome: Survival) -> None:
    """Write the calibration of predicted risks (N, 1 + H), all finite."""
    write_csv(folder / FOLDER / "calibration.csv", pd.DataFrame(calibration_rows(cox, predicted, outcome)))
    draw_calibration(folder / "figures" / "calibration.png", predicted[:, 1:], outcome, cox.horizons)
    draw_decision(folder / "figures" / "decision.png", {IMAGE: predicted[:, -1]}, outcome, cox.horizons[-1])


def ranking_rows(cox: Cox, image: Array, true: Array) -> list[dict[str, object]]:
    """Return a row for each score that ranks patients, on the same subjects, with its gain over covariates alone."""
    targets, log_hazards = torch.from_numpy(true).float(), torch.from_numpy(image).float()
    scores_by_name: dict[str, Array] = {IMAGE: image}
    cox = cox.cpu()
    if len(cox.covariate_mean):
        scores_by_name[COVARIATES] = cox.covariate_hazard(targets).double().numpy()
        scores_by_name[BOTH] = cox.fused_hazard(log_hazards, targets).double().numpy()
    first = REST + len(cox.covariate_mean)
    scores_by_name |= {name: true[:, first + index] for index, name in enumerate(cox.scores)}
    complete = np.isfinite(np.stack(list(scores_by_name.values()))).all(axis=0)
    outcome = Survival(true[complete, YEARS], true[complete, EVENT] > 0)
    rows = []
    for name, scores in scores_by_name.items():
        measured = ranking(scores[complete], outcome, cox.horizons)
        if COVARIATES in scores_by_name and name != COVARIATES:
            measured["gain over covariates"] = gain(scores[complete], scores_by_name[COVARIATES][complete], outcome)
        counts = {"events": float(outcome.events.sum()), "left out": float((~complete).sum())}
        rows.append(as_row(name, measured | {"N": Estimate(float(complete.sum()))}) | counts)
    return rows


def calibration_rows(cox: Cox, predicted: Array, outcome: Survival) -> list[dict[str, object]]:
    """Return a row a horizon: mean predicted and observed risk, and Brier's score there and over the time before."""
    survival = 1 - cox.risks(torch.from_numpy(predicted[:, 0]).float(), cox.grid).double().numpy()
    scores, integrated = brier(survival, outcome, cox.grid)
    return [
        {
            "years": years,
            "predicted": predicted[:, 1 + index].mean(),
            "observed": observed(outcome, years),
            "Brier": scores[cox.grid.index(years)],
            "integrated Brier": integrated,
            "N": len(predicted),
        }
        for index, years in enumerate(cox.horizons)
    ]


def print_rankings(rows: list[dict[str, object]], target: str) -> None:
    """Print the concordance of each score that ranks patients."""
    table = Table("", "concordance", "95 % interval", "gain over covariates", "N", "events", title=target)
    for row in rows:
        interval = f"{row['concordance 2.5 %']:.3f} to {row['concordance 97.5 %']:.3f}"
        gained = f"{row['gain over covariates']:+.3f}" if "gain over covariates" in row else ""
        numbers = f"{row['concordance']:.3f}", interval, gained, f"{row['N']:.0f}", f"{row['events']:.0f}"
        table.add_row(str(row["target"]), *numbers)
    Console().print(table)
