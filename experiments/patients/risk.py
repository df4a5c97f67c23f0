"""Heart failure after imaging: what images, covariates and both tell of it, beside the best possible."""

from typing import NamedTuple

import numpy as np
import torch
import yaml
from jsonargparse import ArgumentParser
from torch import Tensor

from cmr_ssl.concordance import concordance
from cmr_ssl.risk_measures import Survival, auroc_by, brier
from cmr_ssl.shipped import shipped
from cmr_ssl.survival import cumulative_baseline, fit_cox
from cmr_ssl.tasks.cox import EVENT, YEARS, Cox
from experiments.patients.dual import heads
from experiments.patients.measured import TOLD, Everybody
from experiments.patients.settings import LEARNT, TESTED
from experiments.patients.solved import columns, solve
from experiments.statistics import Array

ILLNESS = "Heart failure"
HEART = ("LVEDV (mL)", "LVESV (mL)", "LVEF (%)", "LVM (g)", "RVEDV (mL)", "RVEF (%)", "LAV max (mL)", "LAEF (%)")
VOLUME, MASS, ATRIUM = (HEART.index(name) for name in ("LVEDV (mL)", "LVM (g)", "LAV max (mL)"))
FOLDS = 3
PENALTIES = (1e-3, 1e-2, 1e-1)


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


class Followed(NamedTuple):
    """Subjects with follow-up and all covariates.

    Attributes:
        rows: who they are among everybody, (N,).
        true: what `Cox.read_targets` returns of them, (N, K).
    """

    rows: Tensor
    true: Tensor

    @property
    def years(self) -> Tensor:
        """Until the event or the end of follow-up, (N,)."""
        return self.true[:, YEARS]

    @property
    def events(self) -> Tensor:
        """Whether the event was observed, (N,) bool."""
        return self.true[:, EVENT] > 0

    @property
    def outcome(self) -> Survival:
        """Both as arrays."""
        return Survival(self.years.double().numpy(), self.events.numpy())


class Hazards(NamedTuple):
    """Log hazards by a Cox model, of those it learnt from, (N,), and of those tested, (S,)."""

    learnt: Tensor
    tested: Tensor


def fitted(design: Tensor, learnt: Followed, tested: Followed) -> Hazards:
    """Return the log hazards of a Cox model of columns of everybody (M, C), its penalty chosen by cross-validation."""
    own = design[learnt.rows]
    z = ((design - own.mean(dim=0)) / own.std(dim=0).clamp(min=1e-6)).float()
    penalty = max(PENALTIES, key=lambda one: validated(z[learnt.rows], learnt, one))
    hazards = z @ fit_cox(z[learnt.rows], learnt.years, learnt.events, penalty)
    return Hazards(hazards[learnt.rows], hazards[tested.rows])


def validated(z: Tensor, learnt: Followed, penalty: float) -> float:
    """Return the concordance over subjects left out, the mean over folds."""
    fold = torch.from_numpy(np.random.default_rng(0).permutation(len(z)) % FOLDS)
    values = []
    for one in range(FOLDS):
        kept, left = fold != one, fold == one
        weights = fit_cox(z[kept], learnt.years[kept], learnt.events[kept], penalty)
        values.append(
            ranked((z[left] @ weights).double().numpy(), Survival(*(part[left.numpy()] for part in learnt.outcome)))
        )
    return float(np.mean(values))


def ranked(hazards: Array, outcome: Survival) -> float:
    """Return Harrell's concordance."""
    return concordance(hazards, outcome.years, outcome.events)


def followed(everybody: Everybody, cox: Cox) -> tuple[Followed, Followed]:
    """Return those that are learnt from and those tested, with follow-up and all covariates; fit what all share."""
    groups = []
    for name, rows in ((LEARNT, everybody.learnt), (TESTED, everybody.tested)):
        known = cox.read_targets(everybody.settings.cohort(name).table, [ILLNESS], everybody.people[name])
        values = torch.tensor(known.to_numpy(copy=True))
        complete = ~values.isnan().any(dim=1)
        groups.append(Followed(rows[complete], values[complete]))
    cox.fit_statistics(groups[0].true.numpy(), [ILLNESS])
    return groups[0], groups[1]


def designs(everybody: Everybody, cox: Cox, learnt: Followed, tested: Followed) -> dict[str, Tensor]:
    """Return the columns of each model, (M, C): what images tell, without learning from those they tell it of."""
    covariates = torch.zeros(len(everybody.kernel), len(cox.covariate_mean))
    for group in (learnt, tested):
        covariates[group.rows] = cox.standardised(cox.covariates_of(group.true)[0])
    image = told(everybody, learnt.rows, cox.target_outputs(learnt.true), tested.rows)
    hearts = told(everybody, everybody.learnt, everybody.phenotypes(HEART)[everybody.learnt], everybody.tested)
    hearts = torch.cat(
        [hearts, hearts[:, [MASS]] / hearts[:, [VOLUME]], hearts[:, [ATRIUM]] / hearts[:, [VOLUME]]], dim=1
    )
    aligned = solve(everybody.kernel, everybody.learnt, columns(everybody.fields, everybody.values)).expected
    aligned = aligned[:, aligned[everybody.learnt].std(dim=0) > TOLD]
    alone = {"covariates": covariates, "image": image, "aligned space": aligned, "phenotypes read from images": hearts}
    fused = {
        f"{name} and covariates": torch.cat([part, covariates], dim=1)
        for name, part in alone.items()
        if name != "covariates"
    }
    return alone | fused


def told(everybody: Everybody, learnt: Tensor, aims: Tensor, tested: Tensor) -> Tensor:
    """Return what heads say of everybody, (M, K): of those they learn from, of each without learning from it."""
    said = heads(everybody.kernel, learnt, aims, tested)
    columns_of_all = torch.zeros(len(everybody.kernel), aims.shape[1], dtype=torch.float64)
    columns_of_all[learnt], columns_of_all[tested] = said.left_out, said.others
    return columns_of_all


class Risks(NamedTuple):
    """Predicted risk of the S tested subjects.

    Attributes:
        hazards: by what it was predicted from, and the best possible, (S,) each.
        outcome: their follow-up.
        horizons: AUROC by the last horizon and integrated Brier score, by what it was predicted from.
        counts: of subjects and events.
    """

    hazards: dict[str, Array]
    outcome: Survival
    horizons: dict[str, tuple[float, float]]
    counts: dict[str, int]


def risk(everybody: Everybody) -> Risks:
    """Predict the risk of test subjects from each design."""
    cox = shipped_cox()
    learnt, tested = followed(everybody, cox)
    models = {name: fitted(one, learnt, tested) for name, one in designs(everybody, cox, learnt, tested).items()}
    hazards = {name: np.asarray(one.tested.double().numpy()) for name, one in models.items()}
    horizons = {name: at_horizons(cox, one, learnt, tested.outcome) for name, one in models.items()}
    hazards["best possible"] = np.asarray(tested.true[:, -1].double().numpy())
    counts = {
        "learnt": len(learnt.rows), "ill learnt": int(learnt.events.sum()),
        "tested": len(tested.rows), "ill": int(tested.events.sum()),
    }  # fmt: skip
    return Risks(hazards, tested.outcome, horizons, counts)


def at_horizons(cox: Cox, hazards: Hazards, learnt: Followed, outcome: Survival) -> tuple[float, float]:
    """Return the AUROC by the last horizon and the integrated Brier score until then."""
    grid = torch.tensor(cox.grid)
    baseline = cumulative_baseline(hazards.learnt, learnt.years, learnt.events, grid)
    surviving = torch.exp(-baseline * hazards.tested[:, None].exp()).double().numpy()
    area = auroc_by(hazards.tested.double().numpy(), outcome, cox.horizons[-1])
    return area, brier(surviving, outcome, cox.grid)[1]
