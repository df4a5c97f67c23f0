"""What a pretraining on synthetic hearts alone says of real ones: linear heads on frozen features, cross-validated.

    python -m experiments.evidence.real_hearts --source FOLDER --checkpoints CKPT ... --work WORK [--page docs/...md]

FOLDER holds cines as `prepare` reads them and phenotypes.csv with a row a subject; each CKPT is of a pretraining on
hearts prepared with configs/preparation/small.yaml.
Five minutes of one core for 58 patients and one pretraining.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.devices import device_of
from cmr_ssl.files import save_text
from cmr_ssl.probing.closed_form import solve
from experiments.cohorts import PREPARATION, VIEWS
from experiments.commands import spoken
from experiments.evidence.arms import BOTH, RAW, SHIPPED, TOKENS, UNTRAINED, Source, controls, pretrained, readouts
from experiments.evidence.features import look
from experiments.evidence.report import counted, gains
from experiments.evidence.results import comparisons, means
from experiments.evidence.studies import DEPLETED, FULL
from experiments.evidence.tables import error_cell, wide
from experiments.machine import description

Indices = NDArray[np.intp]
Predictions = NDArray[np.float32]
TARGETS = ("LVEF (%)", "LVEDV (mL)", "LVESV (mL)", "LVM (g)", "RVEF (%)")
TABLE = "phenotypes.csv"
REPEATS, FOLDS, SEED = 10, 5, 0
LEAST_PLANES = 3
PAIRS = tuple((arm, control) for arm in (TOKENS, SHIPPED, BOTH) for control in (RAW, UNTRAINED))


def opened(cache: Path) -> CineDataModule:
    """Return the prepared cines."""
    data = CineDataModule(str(cache), VIEWS, workers=0, min_planes=LEAST_PLANES)
    data.setup("test")
    return data


def features(data: CineDataModule, source: Source, subjects: list[str]) -> dict[str, Tensor]:
    """Return the features of all arms of a source, in full and with planes missing, (N, 2, F) each."""
    task = source.task(device_of("auto"))
    with torch.inference_mode():
        seen = look(data, task, readouts(source, task, data.shape[1]), subjects, (FULL, DEPLETED))
    return {arm: torch.from_numpy(np.stack([seen[arm, FULL], seen[arm, DEPLETED]], axis=1)) for arm, _ in seen}


def folds(subjects: int) -> Iterator[tuple[int, Indices, Indices]]:
    """Yield the repeat, who trains a head and who is tested by it; in each repeat everybody is tested once."""
    rng = np.random.default_rng(SEED)
    for repeat in range(REPEATS):
        order = rng.permutation(subjects)
        for tested in np.array_split(order, FOLDS):
            yield repeat, np.setdiff1d(order, tested), tested


def predicted(seen: Tensor, true: Tensor) -> Predictions:
    """Return what heads say of patients that they did not learn from, (repeats, N, K)."""
    said = np.full((REPEATS, *true.shape), np.nan, np.float32)
    for repeat, training, tested in folds(len(true)):
        said[repeat, tested] = solve(seen[training], true[training], TARGETS).predict(seen[tested, 0]).numpy()
    return said


def table(said: Predictions, true: Tensor, subjects: list[str], arm: str, source: str) -> pd.DataFrame:
    """Return a row a repeat, patient and target, as the evidence has them."""
    axes = [range(REPEATS), subjects, TARGETS]
    rows = pd.MultiIndex.from_product(axes, names=["draw", "subject", "target"]).to_frame(index=False)
    error = np.abs(said - true.numpy()).ravel()
    labels = len(subjects) - len(subjects) // FOLDS
    return rows.assign(error=error, arm=arm, pretraining=source, labels=labels, test="real hearts")


def measured(source: Path, cache: Path, checkpoints: Sequence[Path]) -> pd.DataFrame:
    """Return the errors of all arms."""
    data, patients = opened(cache), pd.read_csv(source / TABLE, dtype={"subject": str}).set_index("subject")
    subjects = sorted({*patients.index} & {one for split in data.subjects.values() for one in split})
    true = torch.tensor(patients.loc[subjects, list(TARGETS)].to_numpy(np.float32))
    parts = []
    for encoder in (*controls(checkpoints[0]), *(pretrained(one, TOKENS, SHIPPED, BOTH) for one in checkpoints)):
        for arm, seen in features(data, encoder, subjects).items():
            parts.append(table(predicted(seen, true), true, subjects, arm, encoder.name))
    return pd.concat(parts)


def page(rows: pd.DataFrame) -> str:
    """Return the page as Markdown."""
    errors, differences = means(rows), comparisons(rows, PAIRS)
    pretrainings = rows.loc[rows["arm"] == TOKENS, "pretraining"].nunique()
    return "\n\n".join(
        [
            "# Real hearts, frozen: what a pretraining on synthetic hearts says of patients",
            f"Written by `python -m experiments.evidence.real_hearts`. {' '.join(description())}",
            f"{rows['subject'].nunique()} patients of ACDC, short-axis cines of 5 to 7 slices. The encoder ("
            f"{counted(pretrainings, 'pretraining')}) has seen synthetic hearts only and stays as it is; a ridge "
            "regression, alike for all features, reads it. "
            f"{REPEATS} times {FOLDS}-fold cross-validation by patient, so about {rows['labels'].iloc[0]} labels; "
            "each labelled study counts once in full and once with planes missing. Nothing was chosen with these "
            "patients. True volumes are of the challenge's label maps, which go beyond the images here (a window of "
            "the field of view), so no error of a volume can be small.",
            "Mean absolute errors, [95 % intervals]:",
            wide(errors.assign(cell=errors.apply(error_cell, axis=1)), ["arm"]),
            "Reduction of the error, % (95 % intervals over pretrainings, repeats and patients; * certain after Holm's "
            "correction over the targets of a pair):",
            gains(differences, ["arm", "other"]),
        ]
    )


def main() -> None:
    """Prepare the cines unless they are, measure, and write the page."""
    shape = RawDescriptionHelpFormatter
    parser = ArgumentParser(
        prog="python -m experiments.evidence.real_hearts", description=__doc__, formatter_class=shape
    )
    parser.add_argument("--source", type=Path, required=True, help="cines, labels and phenotypes.csv")
    parser.add_argument("--checkpoints", type=Path, nargs="+", required=True, help="of pretrainings of one encoder")
    parser.add_argument("--work", type=Path, required=True, help="folder of the cache")
    parser.add_argument("--page", type=Path, default=Path("docs/real_hearts_frozen.md"))
    asked = parser.parse_args()
    cache = asked.work / "cache"
    where = ("--source", str(asked.source), "--out", str(cache))
    spoken(asked.work / "log.txt", "prepare", *where, "--preparation", PREPARATION)
    save_text(asked.page, page(measured(asked.source, cache, asked.checkpoints)) + "\n")
    print(f"wrote {asked.page}")


if __name__ == "__main__":
    main()
