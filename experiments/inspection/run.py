"""How well `inspect` finds faults: known ones are put into prepared hearts, one study at a time, in memory.

    python -m benchmarks.inspection --checkpoint CKPT --cache CACHE [--subjects 40] [--out TABLE.csv]

A slice is shifted in its plane by 6 mm (its affine stays), a plane is rolled by a quarter of the beat, or two long-axis
views change places. AUROC sets the faulty planes against planes of the same kind of the same studies without fault.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.ndimage import shift
from torch import Tensor
from torchmetrics.functional.classification import binary_auroc

from cmr_ssl.checkpoints import fingerprint
from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.devices import device_of
from cmr_ssl.inference.pretrained import load_pretraining
from cmr_ssl.inspection.calibration import Calibration, calibrate
from cmr_ssl.inspection.flaw_score import SUSPECT, score_plane
from cmr_ssl.inspection.plane_examination import DELAY, SHIFT, VIEW, examine_heart
from cmr_ssl.inspection.usual_planes import examine_cache, split_subjects, studies
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.report.tables import write_csv
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import seed_of
from cmr_ssl.tasks.pretraining import PretrainingTask

SHIFT_MM, LATE = 6.0, 0.25
Draw = np.random.Generator


class Faulty(NamedTuple):
    """A study with a fault, and the planes that have it."""

    heart: Sample
    planes: list[int]


class Fault(NamedTuple):
    """A kind of fault: what it does to a heart, which planes can have it, and the measure made for it."""

    put: Callable[[Sample, Draw, float], Faulty]
    views: tuple[str, ...]
    measure: str


def shifted(heart: Sample, rng: Draw, spacing_mm: float) -> Faulty:
    """Shift a slice in its plane, in any direction; its affine does not move."""
    plane = int(rng.choice(planes_of(heart, short_axis=True)))
    angle = rng.uniform(0, 2 * np.pi)
    pixels = SHIFT_MM / spacing_mm * np.array([0.0, np.sin(angle), np.cos(angle)])
    moved = shift(heart.images[0, plane].cpu().numpy(), pixels, order=3, mode="nearest").clip(0, 1)
    return Faulty(with_planes(heart, {plane: torch.tensor(moved)}), [plane])


def rolled(heart: Sample, rng: Draw, spacing_mm: float) -> Faulty:
    """Let a plane beat late, as one does that was triggered wrongly."""
    plane = int(rng.choice(planes_of(heart, short_axis=True) + planes_of(heart, short_axis=False)))
    frames = round(LATE * heart.images.shape[2])
    return Faulty(with_planes(heart, {plane: heart.images[0, plane].roll(frames, 0)}), [plane])


def swapped(heart: Sample, rng: Draw, spacing_mm: float) -> Faulty:
    """Let two long-axis views change places; none where there are not two."""
    views = planes_of(heart, short_axis=False)
    if len(views) < 2:
        return Faulty(heart, [])
    one, other = (int(plane) for plane in rng.choice(views, 2, replace=False))
    return Faulty(with_planes(heart, {one: heart.images[0, other], other: heart.images[0, one]}), [one, other])


FAULTS = {
    "slice shifted by 6 mm": Fault(shifted, (SHORT_AXIS,), SHIFT),
    "plane a quarter of a beat late": Fault(rolled, VIEWS, DELAY),
    "two long-axis views swapped": Fault(swapped, VIEWS[1:], VIEW),
}


def planes_of(heart: Sample, short_axis: bool) -> list[int]:
    """Return the present slices, or the present long-axis planes."""
    kind = (heart.view[0] == VIEWS.index(SHORT_AXIS)) == short_axis
    return [int(index) for index in (heart.present[0] & kind).nonzero().flatten()]


def with_planes(heart: Sample, planes: dict[int, Tensor]) -> Sample:
    """Return a heart some of whose planes show something else."""
    images = heart.images.clone()
    for index, cine in planes.items():
        images[0, index] = cine.to(images)
    return heart._replace(images=images)


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
            "AUROC": auroc(positive["score"], negative["score"]),
            "AUROC of the measure made for it": auroc(positive[own], negative[own]),
            "comes first in its study": float(first.mean()),
            "called suspect": float((positive["score"] > SUSPECT).mean()),
            "false alarms": float((clean["score"] > SUSPECT).mean()),
        }


def auroc(positive: "pd.Series[float]", negative: "pd.Series[float]") -> float:
    """Return the area under the curve; planes without a score count as unsuspicious."""
    scores = torch.tensor(pd.concat([positive, negative]).fillna(-np.inf).rank().to_numpy())
    truth = torch.arange(len(scores)) < len(positive)
    return float(binary_auroc(scores / scores.max(), truth.int()))


def planes(
    checkpoint: Path, cache: Path, subjects: int = 40, usual: int = 100, table: Path | None = None
) -> Iterator[dict[str, object]]:
    """Yield the rows of all planes of all studies, without fault and with each; for the arguments see `parse`."""
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


def parse() -> Namespace:
    """Return the options."""
    parser = ArgumentParser(prog="python -m benchmarks.inspection", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True, help="of a pretraining")
    parser.add_argument("--cache", type=Path, required=True, help="it was trained on")
    parser.add_argument("--subjects", type=int, default=40, help="of its test split that get each fault")
    parser.add_argument("--usual", type=int, default=100, help="other subjects, to learn what is usual")
    parser.add_argument("--table", type=Path, help="with the column by which training was split, if it was by one")
    parser.add_argument("--out", type=Path, help="CSV file to write the table to")
    return parser.parse_args()


@torch.inference_mode()
def main() -> None:
    """Measure and print."""
    asked = parse()
    seen = planes(asked.checkpoint, asked.cache, asked.subjects, asked.usual, asked.table)
    rows = list(measured(pd.DataFrame(list(seen))))
    table = Table("fault", "planes", "AUROC", "own measure", "first", "suspect", "false alarms")
    for row in rows:
        name, count, *numbers = row.values()
        table.add_row(str(name), str(count), *(f"{number:.3f}" for number in numbers))
    Console().print(table)
    if asked.out:
        write_csv(asked.out, pd.DataFrame(rows))


if __name__ == "__main__":
    main()
