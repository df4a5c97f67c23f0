"""When something happens: a log hazard from images, by Cox's proportional hazards, and the risk at named horizons."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from cmr_ssl.cohort.phenotypes import read_phenotypes
from cmr_ssl.concordance import concordance
from cmr_ssl.survival import cox_loss, cumulative_baseline, fit_cox
from cmr_ssl.tables.design import design_matrix, design_names
from cmr_ssl.tables.events import FollowUp, check_events, read_follow_up
from cmr_ssl.tables.field_reader import read_fields
from cmr_ssl.tables.fields import Fields
from cmr_ssl.tasks.objectives import Objective, Values

log = logging.getLogger(__name__)

YEARS, EVENT, REST = 0, 1, 2  # columns of the true values; then come covariates and scores
STEPS = 24  # of the time over which Brier's score is integrated, up to the last horizon
LONGEST_YEARS = 100.0
QUANTILES = 64  # at which the hazard that all share is kept


class Cox(Objective):
    """Predict a log hazard x: h(t) = h_0(t) exp(x), with h_0 and what is compared with learnt beside it.

    The loss is the partial likelihood of a batch, so batches must be large: 32 or more. The baseline hazard, by which
    a log hazard becomes a risk, comes from the validation split, for a network knows its training subjects too well.
    Covariates never go into the prediction. They are fitted by themselves on the training split, and together with the
    image's log hazard on the validation split, to say what images add.
    """

    null_times: Tensor
    null_hazard: Tensor
    covariate_mean: Tensor
    covariate_deviation: Tensor
    covariate_weights: Tensor
    fusion: Tensor
    baseline: Tensor

    def __init__(
        self,
        follow_up: FollowUp,
        horizons_years: list[float],
        covariates: Fields | None = None,
        scores: list[str] | None = None,
    ) -> None:
        """Say what is followed.

        Args:
            follow_up: which dates of the table say who fell ill when.
            horizons_years: times after imaging at which the risk is predicted.
            covariates: fields of the table to compare with; None for none.
            scores: columns of the table that rank patients, to compare with, such as an established risk score.

        Raises:
            ValueError: if there is no horizon, or one is not above 0.
        """
        super().__init__()
        if not horizons_years or min(horizons_years) <= 0 or max(horizons_years) > LONGEST_YEARS:
            raise ValueError(f"horizons_years must be times above 0, such as [2, 5], got {horizons_years}")
        self.follow_up, self.horizons = follow_up, sorted(horizons_years)
        self.covariates, self.scores = covariates or Fields(), scores or []
        columns = len(design_names(self.covariates))
        self.grid = np.union1d(self.horizons, np.linspace(0, self.horizons[-1], STEPS + 1)[1:]).tolist()
        self.register_buffer("null_times", torch.zeros(QUANTILES))
        self.register_buffer("null_hazard", torch.zeros(QUANTILES))
        self.register_buffer("covariate_mean", torch.zeros(columns))
        self.register_buffer("covariate_deviation", torch.ones(columns))
        self.register_buffer("covariate_weights", torch.zeros(columns))
        self.register_buffer("fusion", torch.zeros(2))
        self.register_buffer("baseline", torch.zeros(len(self.grid)))

    def outputs(self, targets: list[str]) -> int:
        """Return one output, the log hazard; exactly one target is allowed, the name of what happens."""
        if len(targets) != 1:
            raise ValueError(f"a risk has one target, the name of what happens, got {', '.join(targets)}")
        return 1

    def names(self, targets: list[str]) -> list[str]:
        """Return the log hazard and the risk at each horizon."""
        return [f"{targets[0]}: log hazard", *(f"{targets[0]}: risk at {years:g} years" for years in self.horizons)]

    def read_targets(self, table: Path, targets: list[str], subjects: list[str]) -> pd.DataFrame:
        """Return years, event, covariates and scores, a column each."""
        followed = read_follow_up(table, self.follow_up, subjects)
        log.info("%s: %s", targets[0], followed)
        parts = [followed.years[:, None], followed.event[:, None]]
        if self.covariates.names:
            parts.append(design_matrix(self.covariates, read_fields(table, self.covariates, subjects)))
        if self.scores:
            parts.append(read_phenotypes(table, self.scores, subjects))
        columns = [f"{targets[0]}: years", f"{targets[0]}: event", *design_names(self.covariates), *self.scores]
        return pd.DataFrame(np.concatenate(parts, axis=1), subjects, columns)

    def fit_statistics(self, values: Values, targets: list[str]) -> None:
        """Fit the hazard that all share and the covariates on the training values (N, K).

        Raises:
            ValueError: if fewer than ten events were seen, or nobody was followed until the last horizon.
        """
        check_events(values[:, EVENT], targets[0])
        longest = float(np.nanmax(values[:, YEARS]))
        if longest < self.horizons[-1]:
            raise ValueError(
                f"horizons_years ends at {self.horizons[-1]:g}, but no training subject was followed for longer than "
                f"{longest:.1f} years: name earlier horizons"
            )
        true = torch.tensor(values)
        followed = true[~true[:, EVENT].isnan()]
        times, events = followed[:, YEARS], followed[:, EVENT] > 0
        self.null_times.copy_(torch.quantile(times, torch.linspace(0, 1, QUANTILES)))
        self.null_hazard.copy_(cumulative_baseline(torch.zeros_like(times), times, events, self.null_times))
        covariates, complete = self.covariates_of(followed)
        if covariates.shape[1] and complete.any():
            self.covariate_mean.copy_(covariates[complete].mean(dim=0))
            self.covariate_deviation.copy_(covariates[complete].std(dim=0).clamp(min=1e-6))
            z = self.standardised(covariates[complete])
            self.covariate_weights.copy_(fit_cox(z, times[complete], events[complete]))

    def covariates_of(self, true: Tensor) -> tuple[Tensor, Tensor]:
        """Return the covariates (N, C) among true values (N, K), and who has all of them, (N,)."""
        covariates = true[:, REST : REST + len(self.covariate_mean)]
        return covariates, ~covariates.isnan().any(dim=1)

    def standardised(self, covariates: Tensor) -> Tensor:
        """Return covariates (N, C) in standard deviations of the training split."""
        return (covariates - self.covariate_mean) / self.covariate_deviation

    def covariate_hazard(self, true: Tensor) -> Tensor:
        """Return the log hazard that covariates alone tell, (N,), NaN where one is unknown."""
        return (self.standardised(self.covariates_of(true)[0]) * self.covariate_weights).sum(dim=1)

    def fused_hazard(self, image: Tensor, true: Tensor) -> Tensor:
        """Return the log hazard of images (N,) and covariates together, (N,), NaN where a covariate is unknown."""
        return self.fusion[0] * image + self.fusion[1] * self.covariate_hazard(true)

    def target_outputs(self, true: Tensor) -> Tensor:
        """Return martingale residuals over the mean hazard, (B, 1): the first step of Newton from nothing known."""
        hazard = torch.from_numpy(
            np.interp(true[:, YEARS].cpu().numpy(), self.null_times.cpu().numpy(), self.null_hazard.cpu().numpy())
        ).to(true)
        mean = self.null_hazard.mean().clamp(min=1e-6)
        return ((true[:, EVENT] - hazard) / mean)[:, None]

    def loss(self, outputs: Tensor, true: Tensor) -> Tensor:
        """Return the loss of the whole batch to each of its subjects, (B,); it rests on those that are followed."""
        followed = ~true[:, EVENT].isnan()
        loss = cox_loss(outputs[followed, 0].float(), true[followed, YEARS], true[followed, EVENT] > 0)
        return loss.expand(len(true))

    @torch.no_grad()
    def watch_validation(self, outputs: Tensor, true: Tensor) -> None:
        """Take the baseline hazard, and how images and covariates go together, from the validation split."""
        followed = ~true[:, EVENT].isnan()
        covariates = self.covariate_hazard(true[followed]).cpu()
        image, true = outputs[followed, 0].float().cpu(), true[followed].cpu()
        times, events = true[:, YEARS], true[:, EVENT] > 0
        self.baseline.copy_(known_baseline(image, times, events, torch.tensor(self.grid)))
        complete = ~covariates.isnan()
        if len(self.covariate_mean) and events[complete].any():
            both = torch.stack([image, covariates], dim=1)[complete]
            self.fusion.copy_(fit_cox(both, times[complete], events[complete]))

    def measures(self, outputs: Tensor, true: Tensor, targets: list[str]) -> dict[str, Tensor]:
        """Return Harrell's concordance."""
        followed = ~true[:, EVENT].isnan()
        hazard, outcome = outputs[followed, 0].float().cpu().numpy(), true[followed].cpu().numpy()
        return {"concordance": torch.tensor(concordance(hazard, outcome[:, YEARS], outcome[:, EVENT] > 0))}

    def risks(self, log_hazards: Tensor, years: list[float]) -> Tensor:
        """Return the risk until each of some times of `grid`, (B, T): 1 - exp(-H_0(t) exp(x)), of log hazards (B,)."""
        index = [self.grid.index(horizon) for horizon in years]
        return -torch.expm1(-self.baseline[index] * log_hazards[:, None].exp())

    def predict(self, outputs: Tensor) -> Tensor:
        """Return log hazard and risks at the horizons, (B, 1 + H)."""
        values = outputs[:, :1].float()
        return torch.cat([values, self.risks(values[:, 0], self.horizons)], dim=1)


def known_baseline(log_hazards: Tensor, times: Tensor, events: Tensor, at: Tensor) -> Tensor:
    """Return the cumulative baseline hazard of N subjects at times (H,), NaN where they do not tell it, and say so."""
    last = times.max() if events.any() else at.new_zeros(())
    if last < at[-1]:
        log.warning(
            "%d validation subjects with %d events do not tell the risk beyond %.1f years, which stays unknown: add "
            "subjects to the validation split, or name earlier horizons_years",
            *(len(times), int(events.sum()), float(last)),
        )
    return torch.where(at <= last, cumulative_baseline(log_hazards, times, events, at), torch.nan)
