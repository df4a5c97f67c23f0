"""Make tables, look at every subject, measure; what is there stays."""

import json
from functools import cache, partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from cmr_ssl.files import save_text, write_atomically
from cmr_ssl.risk_measures import Survival
from experiments.patients.features import look
from experiments.patients.measured import Everybody, alignment, truth
from experiments.patients.people import write_people
from experiments.patients.risk import Risks, risk
from experiments.patients.settings import Settings
from experiments.statistics import Array


class Measured(NamedTuple):
    """Everything that the page is about.

    Attributes:
        alignments: by what was measured, a row an alignment: retrieval (A, S, 2) and heads (A, D, S, K).
        true: phenotypes and diagnoses of the test subjects, (S, K).
        risk: of heart failure.
    """

    alignments: dict[str, Array]
    true: Array
    risk: Risks


def everything(settings: Settings) -> Measured:
    """Do what is not done and return what was measured."""
    for name, parts in settings.parts.items():
        write_people(parts, settings.cohort(name).table)
    look(settings)
    everybody = cache(partial(Everybody, settings))
    for number in range(settings.alignments):
        path = settings.out / f"alignment-{number}.npz"
        if not path.is_file():
            write_atomically(path, partial(save, alignment(everybody(), number)))
    if not (settings.out / "risk.json").is_file():
        save_text(settings.out / "risk.json", written(risk(everybody())))
    loaded = [dict(np.load(settings.out / f"alignment-{number}.npz")) for number in range(settings.alignments)]
    alignments = {name: np.stack([one[name] for one in loaded]) for name in loaded[0]}
    return Measured(alignments, truth(everybody()), read(settings.out / "risk.json"))


def save(arrays: dict[str, Array], stream: BinaryIO) -> None:
    """Write arrays by name."""
    np.savez(stream, allow_pickle=False, **arrays)


def written(risks: Risks) -> str:
    """Return risks as JSON."""
    hazards = {name: one.tolist() for name, one in risks.hazards.items()}
    years, events = (part.tolist() for part in risks.outcome)
    return json.dumps(risks._asdict() | {"hazards": hazards, "outcome": (years, events)}, indent=1) + "\n"


def read(path: Path) -> Risks:
    """Return the risks that `written` wrote."""
    told = json.loads(path.read_text())
    hazards = {name: np.array(one) for name, one in told["hazards"].items()}
    outcome = Survival(*(np.array(part) for part in told["outcome"]))
    return Risks(hazards, outcome, {name: tuple(one) for name, one in told["horizons"].items()}, told["counts"])
