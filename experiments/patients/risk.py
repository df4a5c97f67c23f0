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
from cmr_ssl.survival import cumulative_baseline
from cmr_ssl.tasks.cox import EVENT, YEARS, Cox
from experiments.patients.heads import Features, beside, told
from experiments.patients.measured import SHARE, Everybody
from experiments.patients.settings import LEARNT, TESTED
from experiments.statistics import Array

ILLNESS = "Heart failure"
COVARIATES, BEST = "covariates", "best possible"
VALIDATED = 0.1  # share of those learnt from that tell how image and covariates go together, as in `fit`


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

    def some(self, chosen: Tensor) -> "Followed":
        """Return those of some indices or of a mask."""
        return Followed(self.rows[chosen], self.true[chosen])

    @property
    def outcome(self) -> Survival:
        """Years until the event or the end of follow-up, and whether it was observed."""
        return Survival(self.true[:, YEARS].double().numpy(), (self.true[:, EVENT] > 0).numpy())


class Split(NamedTuple):
    """Those that are learnt from, those that tell how image and covariates go together, and those tested."""

    train: Followed
    validation: Followed
    test: Followed


class Hazards(NamedTuple):
    """Log hazards of those that tell how image and covariates go together, (V,), and of those tested, (S,)."""

    validation: Tensor
    test: Tensor


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


def ranked(hazards: Array, outcome: Survival) -> float:
    """Return Harrell's concordance."""
    return concordance(hazards, outcome.years, outcome.events)


def split(everybody: Everybody, cox: Cox) -> Split:
    """Split those with follow-up and all covariates."""
    groups = []
    for name, rows in ((LEARNT, everybody.learnt), (TESTED, everybody.tested)):
        known = cox.read_targets(everybody.settings.cohort(name).table, [ILLNESS], everybody.people[name])
        group = Followed(rows, torch.tensor(known.to_numpy(np.float32)))
        groups.append(group.some(~group.true.isnan().any(dim=1)))
    learnt, tested = groups
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(learnt.rows)))
    kept = round(VALIDATED * len(order))
    return Split(learnt.some(order[kept:]), learnt.some(order[:kept]), tested)


def models(everybody: Everybody, train: Tensor) -> dict[str, Features]:
    """Return what risks are read from; alignments learn from the rows `train`, followed or not."""
    masked = everybody.masked
    patient, heart = (everybody.aligned(name, everybody.fields(name), train) for name in ("synthetic", "heart"))
    return {
        "image": Features(masked),
        "image, aligned": beside(masked, patient, SHARE),
        "expected phenotypes": beside(masked, heart, 1.0),
    }


def risk(everybody: Everybody) -> Risks:
    """Predict the risk of test subjects as `fit --config risk` does with a frozen encoder."""
    cox = shipped_cox()
    groups = split(everybody, cox)
    train, validation, test = groups
    cox.fit_statistics(train.true.numpy(), [ILLNESS])
    predicted = {COVARIATES: Hazards(cox.covariate_hazard(validation.true), cox.covariate_hazard(test.true))}
    others = everybody.learnt[~torch.isin(everybody.learnt, validation.rows)]
    for name, features in models(everybody, others).items():
        image = read(features, groups, cox)
        predicted[name] = image
        predicted[f"{name} and covariates"] = Hazards(
            cox.fused_hazard(image.validation, validation.true), cox.fused_hazard(image.test, test.true)
        )
    hazards = {name: np.asarray(one.test.double().numpy()) for name, one in predicted.items()}
    hazards[BEST] = np.asarray(test.true[:, -1].double().numpy())
    ill = [int(group.outcome.events.sum()) for group in groups]
    counts = {
        "learnt": len(train.rows) + len(validation.rows), "ill learnt": ill[0] + ill[1],
        "tested": len(test.rows), "ill": ill[2],
    }  # fmt: skip
    horizons = {name: at_horizons(cox, one, validation.outcome, test.outcome) for name, one in predicted.items()}
    return Risks(hazards, test.outcome, horizons, counts)


def read(features: Features, groups: Split, cox: Cox) -> Hazards:
    """Return the log hazards that a head reads from features; the objective learns from the validation, as in `fit`."""
    both = torch.cat([groups.validation.rows, groups.test.rows])
    said = told(features, groups.train.rows, cox.target_outputs(groups.train.true), both).float()
    validated, tested = said.split([len(groups.validation.rows), len(groups.test.rows)])
    cox.watch_validation(validated, groups.validation.true)
    return Hazards(validated[:, 0], tested[:, 0])


def at_horizons(cox: Cox, hazards: Hazards, before: Survival, outcome: Survival) -> tuple[float, float]:
    """Return the AUROC by the last horizon and the integrated Brier score until then.

    Args:
        cox: says until when.
        hazards: of both groups.
        before: follow-up of the validation, from which the baseline hazard comes.
        outcome: follow-up of those tested.
    """
    baseline = cumulative_baseline(hazards.validation, *before.tensors(), torch.tensor(cox.grid))
    surviving = torch.exp(-baseline * hazards.test[:, None].exp()).double().numpy()
    area = auroc_by(hazards.test.double().numpy(), outcome, cox.horizons[-1])
    return area, brier(surviving, outcome, cox.grid)[1]
