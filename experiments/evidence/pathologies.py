"""Seven pathologies, five labelled hearts of each: which one is it? A linear classifier in closed form."""

from pathlib import Path
from typing import get_args

import pandas as pd
import torch
from torch import Tensor

from cmr_ssl.files import write_atomically
from cmr_ssl.phantom.pathology import Pathology
from cmr_ssl.probing.closed_form import solve
from cmr_ssl.seeds import seed_of
from experiments.cohorts import Cohort, opened, ordered, placed, slug
from experiments.evidence.arms import Source
from experiments.evidence.features import Portion, file_of, read, subjects_of
from experiments.evidence.studies import ALL, PLAIN

PATHOLOGIES: tuple[Pathology, ...] = get_args(Pathology)
A_CLASS = 5  # labelled hearts of each
POOL = 15  # of each that may be labelled; all others are tested in every draw
NAME = "seven pathologies"
EVERYBODY = (0.0, 0.0, 1.0)  # of each cohort one portion; who is labelled is drawn


def cohorts(folder: Path, seed: int, subjects: int) -> list[Cohort]:
    """Return a cohort of each pathology, of hearts that no other cohort has."""
    return [
        placed(
            folder,
            f"fresh-{name}",
            *ordered(seed + index, subjects, "--pathology", name),
            fractions=EVERYBODY,
        )
        for index, name in enumerate(PATHOLOGIES, start=1)
    ]


def portion(cohort: Cohort) -> Portion:
    """Return everybody of a cohort, as heads learn from them and as they are tested."""
    return Portion(cohort, "test", 10**6, PLAIN)


def answers_file(out: Path, source: str, arm: str) -> Path:
    """Return where the answers of one arm stand, a row a test subject and draw."""
    return out / "pathologies" / f"{slug(source)}--{slug(arm)}.parquet"


def classify(out: Path, source: Source, arm: str, of_each: list[Cohort], draws: int, pool: int = POOL) -> None:
    """Solve classifiers for all draws, and write what they say of those tested; what is there stays."""
    path = answers_file(out, source.name, arm)
    portions = [portion(cohort) for cohort in of_each]
    if path.exists() or not file_of(out, source.name, arm, portions[0], ALL).exists():
        return
    torch.set_num_threads(1)
    copies = [torch.stack([read(out, source.name, arm, one, name) for name in PLAIN], dim=1) for one in portions]
    names = [f"{one.cohort.name} {subject}" for one in portions for subject in subjects_of(opened(one.cohort), one)]
    place = torch.cat([torch.arange(len(rows)) for rows in copies])
    true = torch.cat([torch.full((len(rows),), index) for index, rows in enumerate(copies)])
    tested, features = place >= pool, torch.cat(copies)
    parts = []
    for draw in range(draws):
        chosen = labelled(place, true, draw, pool)
        aims = torch.nn.functional.one_hot(true[chosen], len(PATHOLOGIES)).float()
        said = solve(features[chosen], aims, PATHOLOGIES).predict(features[tested, 0]).argmax(dim=1)
        parts.append(pd.DataFrame({"draw": draw, "said": said.numpy()}).assign(**who(names, true, tested)))
    rows = pd.concat(parts).assign(arm=arm, pretraining=source.name)
    write_atomically(path, lambda stream: rows.to_parquet(stream, index=False))


def who(names: list[str], true: Tensor, tested: Tensor) -> dict[str, object]:
    """Return who is tested, and the index of the pathology."""
    subjects = [name for name, one in zip(names, tested.tolist(), strict=True) if one]
    return {"subject": subjects, "true": true[tested].numpy()}


def labelled(place: Tensor, true: Tensor, draw: int, pool: int = POOL) -> Tensor:
    """Return the rows of the subjects that a draw labels: so many of each pathology.

    Args:
        place: of a subject among those of its pathology, (N,).
        true: index of the pathology, (N,).
        draw: which.
        pool: of each pathology that may be labelled.
    """
    rng = torch.Generator().manual_seed(seed_of("labelled pathologies", draw))
    order = [torch.randperm(pool, generator=rng)[:A_CLASS] for _ in PATHOLOGIES]
    chosen = [(true == index) & torch.isin(place, places) for index, places in enumerate(order)]
    return torch.stack(chosen).any(dim=0).nonzero().flatten()


def mistakes(out: Path) -> pd.DataFrame:
    """Return the answers of all arms with an error each, whose mean is one less the balanced accuracy."""
    files = sorted((out / "pathologies").glob("*.parquet"))
    if not files:
        return pd.DataFrame()
    rows = pd.concat([pd.read_parquet(file) for file in files])
    of_draw = rows.groupby(["arm", "pretraining", "draw"])["said"].transform("size")
    of_class = rows.groupby(["arm", "pretraining", "draw", "true"])["said"].transform("size")
    weight = of_draw / (of_class * rows["true"].nunique())  # every pathology counts the same
    return rows.assign(error=(rows["said"] != rows["true"]) * weight, test=NAME, labels=A_CLASS, target=NAME)
