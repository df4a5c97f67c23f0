"""Linear heads in closed form on features, with few labels, many times: the probe tables."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from cmr_ssl.cohort.phenotypes import read_phenotypes
from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.files import write_atomically
from cmr_ssl.probing.closed_form import Solved, solve
from experiments.cohorts import opened, slug
from experiments.evidence.arms import Source
from experiments.evidence.features import (
    Portion,
    file_of,
    labelled_portion,
    read,
    subjects_of,
    tested_portion,
    unlabelled_portion,
)
from experiments.evidence.studies import ALL, TARGETS, Study, Test, tests_of

Look = Callable[[Portion, str], Tensor]  # features, or what is said of them, of a portion under a condition

COLUMNS = ("arm", "pretraining", "labels", "draw", "test", "subject", "target", "predicted", "true")


def predictions_file(out: Path, source: str, arm: str) -> Path:
    """Return where the predictions of one arm stand, a row a subject and target."""
    return out / "predictions" / f"{slug(source)}--{slug(arm)}.parquet"


def probe(study: Study, source: Source, arm: str) -> None:
    """Solve heads with all numbers of labels and all draws, and write what they predict; what is there stays."""
    path = predictions_file(study.out, source.name, arm)
    pool, tests = labelled_portion(study), tests_of(study)
    if path.exists() or not file_of(study.out, source.name, arm, pool, ALL).exists():
        return
    torch.set_num_threads(1)
    look = partial(read, study.out, source.name, arm)
    copies = {kind: torch.stack([look(pool, name) for name in kind], dim=1) for kind in {test.copies for test in tests}}
    names, true = known(pool)
    answers = {portion: known(portion) for portion in {tested_portion(study, test) for test in tests}}
    parts = []
    for labels, draw, chosen in draws(study, names):
        heads = {kind: solve(features[chosen], true[chosen], TARGETS) for kind, features in copies.items()}
        for test in tests:
            predict = partial(predicted, heads[test.copies], look)
            portion = tested_portion(study, test)
            rows = predict(portion, test.condition) + shift(study, test, predict)
            parts.append(table(answers[portion], rows.numpy()).assign(labels=labels, draw=draw, test=test.name))
    write(path, pd.concat(parts).assign(arm=arm, pretraining=source.name))


def predicted(head: Solved, look: Look, portion: Portion, condition: str) -> Tensor:
    """Return what a head says of a portion, (N, K)."""
    return head.predict(look(portion, condition)).float()


def shift(study: Study, test: Test, predict: Look) -> Tensor:
    """Return what makes the mean of a scanner's predictions that of the usual scanner, (K,); zero where not asked."""
    if test.centred is None or study.unlabelled is None:
        return torch.zeros(len(TARGETS))
    usual, here = (
        predict(unlabelled_portion(study, cohort), ALL).mean(dim=0) for cohort in (study.unlabelled, test.centred)
    )
    return usual - here


def draws(study: Study, names: list[str]) -> Iterator[tuple[int, int, Tensor]]:
    """Yield numbers of labels, draws, and the rows of `names` that are labelled.

    Raises:
        ValueError: if there are fewer subjects than labels.
    """
    if len(names) < max(study.labels):
        raise ValueError(
            f"{max(study.labels)} labels are asked for, but {len(names)} subjects of {study.cohort.cache} may be "
            "labelled: ask for fewer labels, or make a larger cohort"
        )
    place = {name: row for row, name in enumerate(names)}
    for draw in range(study.draws):
        for labels in study.labels:
            yield labels, draw, torch.tensor([place[name] for name in first_subjects(names, labels, draw)])


def known(portion: Portion) -> tuple[list[str], Tensor]:
    """Return subjects and their true phenotypes (N, K), in the order of their features."""
    names = subjects_of(opened(portion.cohort), portion)
    return names, torch.tensor(read_phenotypes(portion.cohort.table, TARGETS, names))


def table(answers: tuple[list[str], Tensor], predicted: NDArray[np.float32]) -> pd.DataFrame:
    """Return a row a subject and target of values predicted, (N, K), and true."""
    names, true = answers
    return pd.DataFrame(
        {
            "subject": np.repeat(names, len(TARGETS)),
            "target": np.tile(TARGETS, len(names)),
            "predicted": predicted.ravel(),
            "true": true.numpy().ravel(),
        }
    )


def write(path: Path, rows: pd.DataFrame) -> None:
    """Write predictions, whole or not at all."""
    write_atomically(path, lambda stream: rows[list(COLUMNS)].to_parquet(stream, index=False))
