"""What is tested on whom: which planes are missing, and which scanner made the images."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from benchmarks.evidence.cohorts import Cohort
from cmr_ssl.corruption.missing import lack, ranks
from cmr_ssl.robustness.scenarios import HALF, order, scenarios
from cmr_ssl.sample import Sample

SEED = 0  # of which planes are missing in the tests
DEPLETION = 1  # seed of which planes are missing in the copies that heads learn from
ALL, ONLY_3, LONG_AXIS = "all planes", "only 3 planes", "long axis only"
CONDITIONS = (ALL, HALF, ONLY_3, LONG_AXIS)
FULL, DEPLETED = ALL, "depleted"
COPIES = (FULL, DEPLETED)  # of a labelled study that a head learns from
TARGETS = ("LVEF (%)", "LVEDV (mL)", "LVESV (mL)", "LVM (g)", "RVEF (%)", "LAV max (mL)")


class Study(NamedTuple):
    """One comparison on one cohort.

    Attributes:
        out: folder for features and predictions.
        cohort: whose labels are given away and who is tested.
        domains: cohorts of other scanners, on whose test subjects heads are tried as well.
        labels: how many.
        draws: how often labelled subjects are drawn.
        pool: subjects that may be labelled, at most.
        tested: at most.
    """

    out: Path
    cohort: Cohort
    domains: tuple[Cohort, ...] = ()
    labels: tuple[int, ...] = (10, 30, 100, 300)
    draws: int = 5
    pool: int = 600
    tested: int = 400


class Test(NamedTuple):
    """Test subjects of a cohort under one condition, by the name it has in tables."""

    name: str
    cohort: Cohort
    condition: str


def tests_of(study: Study) -> list[Test]:
    """Return what is tested: everything on the cohort itself, full studies of other scanners."""
    own = [Test(condition, study.cohort, condition) for condition in CONDITIONS]
    return [*own, *(Test(f"scanner {cohort.name}", cohort, ALL) for cohort in study.domains)]


def condition_of(name: str, planes: int) -> Callable[[Sample], Sample]:
    """Return what a condition does to a batch with room for so many planes."""
    named = {scenario.name: scenario.spoil for scenario in scenarios(planes, SEED)}
    return {DEPLETED: deplete, **named}[name]


def deplete(batch: Sample) -> Sample:
    """Take each plane away with a probability of one half; at least one stays."""
    draws = order(batch, DEPLETION)
    gone: Tensor = (draws < 0.5) & (ranks(draws, batch.present) > 0)
    return lack(batch, gone)
