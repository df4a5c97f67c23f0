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
    train, validation, test = split(everybody, cox)
    cox.fit_statistics(train.true.numpy(), [ILLNESS])
    predicted = {COVARIATES: tuple(cox.covariate_hazard(group.true) for group in (validation, test))}
    both, aims = torch.cat([validation.rows, test.rows]), cox.target_outputs(train.true)
    others = everybody.learnt[~torch.isin(everybody.learnt, validation.rows)]
    for name, features in models(everybody, others).items():
        said = told(features, train.rows, aims, both).float().split([len(validation.rows), len(test.rows)])
        cox.watch_validation(said[0], validation.true)
        images = tuple(one[:, 0] for one in said)
        groups = zip(images, (validation, test), strict=True)
        predicted[name] = images
        predicted[f"{name} and covariates"] = tuple(cox.fused_hazard(one, group.true) for one, group in groups)
    horizons = {name: at_horizons(cox, *one, validation.outcome, test.outcome) for name, one in predicted.items()}
    hazards = {name: np.asarray(one.double().numpy()) for name, (_, one) in predicted.items()}
    hazards[BEST] = np.asarray(test.true[:, -1].double().numpy())
    learnt = train.outcome
    counts = {
        "learnt": len(train.rows) + len(validation.rows),
        "ill learnt": int(learnt.events.sum() + validation.outcome.events.sum()),
        "tested": len(test.rows),
        "ill": int(test.outcome.events.sum()),
    }
    return Risks(hazards, test.outcome, horizons, counts)


def at_horizons(
    cox: Cox, validated: Tensor, tested: Tensor, before: Survival, outcome: Survival
) -> tuple[float, float]:
    """Return the AUROC by the last horizon and the integrated Brier score until then, of log hazards (S,).

    Args:
        cox: says until when.
        validated: log hazards of those from whose follow-up the baseline hazard comes, (V,).
        tested: log hazards, (S,).
        before: follow-up of the former.
        outcome: follow-up of the latter.
    """
    baseline = cumulative_baseline(validated, *before.tensors(), torch.tensor(cox.grid))
    surviving = torch.exp(-baseline * tested[:, None].exp()).double().numpy()
    area = auroc_by(tested.double().numpy(), outcome, cox.horizons[-1])
    return area, brier(surviving, outcome, cox.grid)[1]
