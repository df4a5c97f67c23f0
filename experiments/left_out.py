"""How well each plane of a heart is told by all its others, beside copying and interpolating: PSNR and SSIM.

    python -m experiments.left_out --checkpoint CKPT --cache CACHE [--everyone] [--slices 24] [--adapt 60] [--out CSV]

Without `--everyone` it asks about test subjects of the checkpoint's own split; with it about all studies of a cache
that training has never seen. `--adapt` first trains a copy of the model for each plane, on the other planes of the
very study; the plane it is asked for is absent then, too.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.devices import device_of, has_bfloat16, without_autocast
from cmr_ssl.inference.decoding import decode_own_planes, encode_shown
from cmr_ssl.inference.leave_one_out import each_left_out, leave_one_out, plane_row
from cmr_ssl.inference.pretrained import load_pretraining
from cmr_ssl.inspection.usual_planes import split_subjects, studies
from cmr_ssl.losses import subject_mean
from cmr_ssl.report.tables import write_csv
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import seed_of
from cmr_ssl.tasks.pretraining import PretrainingTask
from experiments.cohorts import views_of
from experiments.tables import print_table

REGIONS = ("base", "mid", "apex", "la_2ch", "la_3ch", "la_4ch")
TOLD_BY = ("model", "nearest", "interpolated", "blended")
MASKS = 4  # of the same study in a step of adaptation
RATE = 2e-4


def adapted(task: PretrainingTask, heart: Sample, gone: int, steps: int) -> PretrainingTask:
    """Return a copy of the task that learned a while from one heart, a batch of one, without its plane `gone`."""
    own = deepcopy(task).train()
    present = heart.present.clone()
    present[0, gone] = False
    rest = heart._replace(present=present, images=heart.images * present[..., None, None, None])
    batch = Sample._make(field.repeat_interleave(MASKS, 0) if isinstance(field, Tensor) else field for field in rest)
    optimizer = torch.optim.AdamW(own.parameters(), lr=RATE)
    with without_autocast(heart.images.device):  # it would go on with the weights of the first step
        for step in range(steps):
            seeds = [seed_of("adaptation", heart.subject[0], gone, step, index) for index in range(MASKS)]
            result = own.reconstruct(batch, seeds)
            optimizer.zero_grad()
            subject_mean(own.losses(result), result.hidden.exists.any(dim=1)).backward()
            optimizer.step()
    return own.eval()


def after_adaptation(task: PretrainingTask, heart: Sample, steps: int) -> Iterator[dict[str, object]]:
    """Yield the rows of `leave_one_out` of one heart, each plane told by a model of its own."""
    for one in each_left_out(task, heart):
        own = adapted(task, heart, one.plane, steps)
        wanted = torch.arange(heart.present.shape[1], device=heart.present.device) == one.plane
        with torch.inference_mode():
            told = decode_own_planes(own, heart, encode_shown(own, heart, heart.present[0] & ~wanted), wanted)[0]
            yield plane_row(heart, one._replace(predicted=told))


def leave_out(
    checkpoint: Path,
    cache: Path,
    subjects: int,
    views: dict[str, int] | None = None,
    everyone: bool = False,
    adapt: int = 0,
    table: Path | None = None,
) -> pd.DataFrame:
    """Return a row for each plane: how well all others tell it.

    Args:
        checkpoint: of a pretraining.
        cache: prepared as it was trained.
        subjects: at most, the first by a stable hash.
        views: room for so many planes per view; None for as many as in training.
        everyone: whether all subjects of the cache are asked about, not only the test split.
        adapt: steps of training on the other planes of the study.
        table: with the column by which training was split, where the cache's own table has none.
    """
    device = device_of("auto")
    task, trained = load_pretraining(checkpoint, device)
    trained = trained._replace(views=views or trained.views)
    splits = ("train", "val", "test") if everyone else ("test",)
    chosen = first_subjects(split_subjects(checkpoint, cache, trained, *splits, table=table), subjects)
    rows: list[dict[str, object]] = []
    with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)):
        for heart in studies(cache, chosen, trained, device):
            rows += after_adaptation(task, heart, adapt) if adapt else leave_one_out(task, heart)
    return pd.DataFrame(rows)


def by_region(found: pd.DataFrame) -> pd.DataFrame:
    """Return the mean PSNR (dB) and SSIM of each region, and of all planes."""
    measures = [name for what in ("psnr", "ssim") for by in TOLD_BY if (name := f"{by}_{what}") in found]
    regions = found.groupby("region")[measures].mean().reindex([*REGIONS]).dropna(how="all")
    return pd.concat([regions, found[measures].mean().to_frame("all planes").T])


def main() -> None:
    """Measure and print."""
    parser = ArgumentParser(prog="python -m experiments.left_out", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True, help="of a pretraining")
    parser.add_argument("--cache", type=Path, required=True, help="prepared as it was trained")
    parser.add_argument("--subjects", type=int, default=40, help="at most")
    parser.add_argument("--slices", type=int, help="room for so many slices a stack, instead of as many as in training")
    parser.add_argument("--everyone", action="store_true", help="not only its test split: studies it never saw")
    parser.add_argument("--adapt", type=int, default=0, help="steps of training on the other planes of the study")
    parser.add_argument("--table", type=Path, help="with the column by which training was split, if it was by one")
    parser.add_argument("--out", type=Path, help="CSV file to write a row a plane to")
    asked = parser.parse_args()
    views = views_of(asked.slices) if asked.slices else None
    found = leave_out(asked.checkpoint, asked.cache, asked.subjects, views, asked.everyone, asked.adapt, asked.table)
    if asked.out:
        write_csv(asked.out, found)
    print_table("planes", by_region(found))


if __name__ == "__main__":
    main()
