"""Linear heads in closed form on features, with few labels, many times: the probe tables."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.evidence.arms import Source
from benchmarks.evidence.cohorts import labelled, opened, slug
from benchmarks.evidence.features import Portion, file_of, portions, read, subjects_of
from benchmarks.evidence.studies import COPIES, TARGETS, Study, Test, tests_of
from cmr_ssl.data.phenotypes import read_phenotypes
from cmr_ssl.files import write_atomically
from cmr_ssl.probing.solving import solve

COLUMNS = ("arm", "pretraining", "labels", "draw", "test", "subject", "target", "predicted", "true")


def predictions_file(out: Path, source: str, arm: str) -> Path:
    """Return where the predictions of one arm stand, a row a subject and target."""
    return out / "predictions" / f"{slug(source)}--{slug(arm)}.parquet"


def probe(study: Study, source: Source, arm: str) -> None:
    """Solve heads with all numbers of labels and all draws, and write what they predict; what is there stays."""
    path = predictions_file(study.out, source.name, arm)
    pool, *tested = portions(study)
    if path.exists() or not file_of(study.out, source.name, arm, pool, COPIES[0]).exists():
        return
    torch.set_num_threads(1)
    copies = torch.stack([read(study.out, source.name, arm, pool, name) for name in COPIES], dim=1)
    shown = {
        test: read(study.out, source.name, arm, portion_of(tested, test), test.condition) for test in tests_of(study)
    }
    names, true = known(pool)
    answers = {test: known(portion_of(tested, test)) for test in tests_of(study)}
    parts = []
    for labels, draw, chosen in draws(study, names):
        head = solve(copies[chosen], true[chosen])
        for test, features in shown.items():
            rows = table(answers[test], head.predict(features).float().numpy())
            parts.append(rows.assign(labels=labels, draw=draw, test=test.name))
    write(path, pd.concat(parts).assign(arm=arm, pretraining=source.name))


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
            yield labels, draw, torch.tensor([place[name] for name in labelled(names, labels, draw)])


def portion_of(tested: list[Portion], test: Test) -> Portion:
    """Return the portion that holds the subjects of a test."""
    return next(portion for portion in tested if portion.cohort == test.cohort)


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
