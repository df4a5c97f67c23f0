"""What is tested on whom: which planes are missing, and which scanner made the images."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from cmr_ssl.corruption.missing import drop_planes, ranks
from cmr_ssl.data.augment import Augmentation
from cmr_ssl.robustness.scenarios import FLAWED, HALF, Scenario, draw_order, scenarios
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import subject_seeds
from experiments.cohorts import Cohort

SEED = 0  # of which planes are missing in the tests
DEPLETION = 1  # seed of which planes are missing in the copies that heads learn from
ALL, ONLY_3, LONG_AXIS = "all planes", "only 3 planes", "long axis only"
CONDITIONS = (ALL, HALF, ONLY_3, LONG_AXIS)
FULL, DEPLETED = ALL, "depleted"
LOOKS = ("another look", "yet another look")
PLAIN = (FULL, DEPLETED)  # copies of a labelled study that a head learns from
VARIED = (*PLAIN, *LOOKS)  # ... for other scanners; on the usual one they would cost the controls more than us
APPEARANCE = Augmentation(0, 0, 0, 0, 0, 0, contrast=0.3, brightness=0.15, gamma=0.6, shading=0.5, blur=0.3)
TARGETS = ("LVEF (%)", "LVEDV (mL)", "LVESV (mL)", "LVM (g)", "RVEF (%)", "LAV max (mL)")


class Domain(NamedTuple):
    """Another scanner.

    Attributes:
        tested: cohort on which heads are tried that learned from the usual scanner, all its subjects.
        unlabelled: other persons before the same scanner, of whom nothing is known.
    """

    tested: Cohort
    unlabelled: Cohort


class Study(NamedTuple):
    """One comparison on one cohort.

    Attributes:
        out: folder for features and predictions.
        cohort: whose labels are given away and who is tested.
        domains: other scanners, for which heads are tried as well.
        unlabelled: persons before the usual scanner of whom nothing is known; needed where there are domains.
        seen: of each unlabelled cohort, at most.
        labels: how many.
        draws: how often labelled subjects are drawn.
        pool: subjects that may be labelled, at most.
        tested: at most.
        conditions: under which those of the cohort itself are tested, by name.
    """

    out: Path
    cohort: Cohort
    domains: tuple[Domain, ...] = ()
    unlabelled: Cohort | None = None
    seen: int = 200
    labels: tuple[int, ...] = (10, 30, 100, 300)
    draws: int = 5
    pool: int = 600
    tested: int = 400
    conditions: tuple[str, ...] = CONDITIONS


class Test(NamedTuple):
    """Test subjects of a cohort under one condition, by the name it has in tables, for heads that learn from `copies`.

    Where predictions are `centred`, their mean over unlabelled persons of the scanner is made that of the usual
    scanner. It supposes that both see the same kind of people.
    """

    name: str
    cohort: Cohort
    condition: str
    copies: tuple[str, ...] = PLAIN
    centred: Cohort | None = None


def tests_of(study: Study) -> list[Test]:
    """Return what is tested: every condition on the cohort itself, full studies of other scanners, also centred."""
    own = [Test(condition, study.cohort, condition) for condition in study.conditions]
    return [*own, *(test for domain in study.domains for test in tests_elsewhere(domain))]


def tests_elsewhere(domain: Domain) -> list[Test]:
    """Return what is tested of another scanner."""
    name = f"scanner {domain.tested.name}"
    copies = {"": PLAIN, ", varied heads": VARIED}
    return [
        Test(name + centring + heads, domain.tested, ALL, learnt_from, cohort)
        for centring, cohort in {"": None, ", centred": domain.unlabelled}.items()
        for heads, learnt_from in copies.items()
    ]


def condition_of(name: str, planes: int) -> Callable[[Sample], Sample]:
    """Return what a condition does to a batch with room for so many planes."""
    changes: dict[str, Callable[[Sample], Sample]] = {called(one): one.apply for one in scenarios(planes, SEED)}
    changes |= {look: partial(another_look, look) for look in LOOKS}
    return (changes | {DEPLETED: deplete})[name]


def called(scenario: Scenario) -> str:
    """Return the name of a scenario as a condition, which says how many planes are flawed."""
    flawed = scenario.kind == FLAWED and scenario.planes
    return f"{scenario.name}, {scenario.planes} planes" if flawed else scenario.name


def another_look(look: str, batch: Sample) -> Sample:
    """Change grey values as another scanner might; no pixel moves."""
    seeds = subject_seeds(batch.subject, SEED, look)
    draws = APPEARANCE.draw(batch.images.shape[1], seeds).to(batch.images.device)
    images, _ = APPEARANCE(batch.images, batch.affine, draws)
    return batch._replace(images=images)


def deplete(batch: Sample) -> Sample:
    """Take each plane away with a probability of one half; at least one stays."""
    draws = draw_order(batch, DEPLETION)
    gone: Tensor = (draws < 0.5) & (ranks(draws, batch.present) > 0)
    return drop_planes(batch, gone)
