"""How well `inspect` finds faults: known ones are put into prepared hearts.

    python -m experiments.inspection --checkpoint CKPT --cache CACHE [--subjects 40] [--out TABLE.csv]

AUROC sets the faulty planes against planes of the same kind of the same studies without fault.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from rich.progress import track

from cmr_ssl.checkpoints import fingerprint
from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.devices import device_of
from cmr_ssl.inference.pretrained import load_pretraining
from cmr_ssl.inspection.calibration import Calibration, calibrate
from cmr_ssl.inspection.flaw_score import SUSPECT, score_plane
from cmr_ssl.inspection.plane_examination import examine_heart
from cmr_ssl.inspection.usual_planes import examine_cache, split_subjects, studies
from cmr_ssl.report.tables import write_csv
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import seed_of
from cmr_ssl.tasks.pretraining import PretrainingTask
from experiments.faults import FAULTS, Faulty
from experiments.statistics import auroc
from experiments.tables import print_table


def scored(
    task: PretrainingTask, heart: Sample, faulty: list[int], calibration: Calibration, spacing_mm: float
) -> Iterator[dict[str, object]]:
    """Yield a row a plane: its scores, and whether it has the fault."""
    for one in examine_heart(task, heart, spacing_mm):
        verdict = score_plane(one, "", calibration, np.nan)
        place = {"subject": one.subject, "view": one.view, "faulty": one.plane in faulty}
        yield place | {"score": verdict.score} | {f"{name}_score": value for name, value in verdict.scores.items()}


def measured(planes: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Yield a row a fault: AUROC of the flaw score and of the measure made for it, and how often it comes first."""
    clean = planes[planes["fault"] == ""]
    for name, fault in FAULTS.items():
        found = planes[planes["fault"] == name]
        positive, negative = found[found["faulty"]], clean[clean["view"].isin(fault.views)]
        own = f"{fault.measure}_score"
        first = found.loc[found.groupby("subject")["score"].idxmax(), "faulty"]
        yield {
            "fault": name,
            "faulty planes": len(positive),
            "AUROC": beside(positive["score"], negative["score"]),
            "AUROC of the measure made for it": beside(positive[own], negative[own]),
            "comes first in its study": float(first.mean()),
            "called suspect": float((positive["score"] > SUSPECT).mean()),
            "false alarms": float((clean["score"] > SUSPECT).mean()),
        }


def beside(positive: "pd.Series[float]", negative: "pd.Series[float]") -> float:
    """Return the area under the curve; planes without a score count as unsuspicious."""
    scores = pd.concat([positive, negative]).fillna(-np.inf).to_numpy(np.float64)
    return auroc(scores, np.arange(len(scores)) < len(positive))


def planes(checkpoint: Path, cache: Path, subjects: int, usual: int, table: Path | None) -> Iterator[dict[str, object]]:
    """Yield the rows of all planes of all studies, without fault and with each; for the arguments see `inspected`."""
    device = device_of("auto")
    task, trained = load_pretraining(checkpoint, device)
    spacing_mm = trained.preparation["spacing_mm"]
    examined = examine_cache(checkpoint, cache, usual, task, trained, device, table)
    calibration = calibrate(examined, fingerprint(checkpoint))
    tested = first_subjects(split_subjects(checkpoint, cache, trained, "test", table=table), subjects)
    for heart in track(studies(cache, tested, trained, device), "inspecting", len(tested)):
        rng = np.random.default_rng(seed_of("fault", heart.subject[0]))
        hearts = {"": Faulty(heart, [])} | {name: fault.put(heart, rng, spacing_mm) for name, fault in FAULTS.items()}
        for name, faulty in hearts.items():
            if faulty.planes or not name:
                rows = scored(task, faulty.heart, faulty.planes, calibration, spacing_mm)
                yield from (row | {"fault": name} for row in rows)


@torch.inference_mode()
def inspected(
    checkpoint: Path, cache: Path, subjects: int = 40, usual: int = 100, table: Path | None = None
) -> pd.DataFrame:
    """Return a row a fault: how well it is found.

    Args:
        checkpoint: of a pretraining.
        cache: that it was trained on.
        subjects: of its test split that get each fault.
        usual: other subjects, to learn what is usual.
        table: with the column by which training was split, if it was by one.
    """
    rows = pd.DataFrame(list(planes(checkpoint, cache, subjects, usual, table)))
    return pd.DataFrame(list(measured(rows)))


def main() -> None:
    """Measure and print."""
    parser = ArgumentParser(prog="python -m experiments.inspection", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True, help="of a pretraining")
    parser.add_argument("--cache", type=Path, required=True, help="it was trained on")
    parser.add_argument("--subjects", type=int, default=40, help="of its test split that get each fault")
    parser.add_argument("--usual", type=int, default=100, help="other subjects, to learn what is usual")
    parser.add_argument("--table", type=Path, help="with the column by which training was split, if it was by one")
    parser.add_argument("--out", type=Path, help="CSV file to write the table to")
    asked = parser.parse_args()
    found = inspected(asked.checkpoint, asked.cache, asked.subjects, asked.usual, asked.table)
    print_table("fault", found.set_index("fault"), "{:.3f}")
    if asked.out:
        write_csv(asked.out, found)


if __name__ == "__main__":
    main()
