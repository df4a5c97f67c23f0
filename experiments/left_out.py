"""How well each plane of a heart is told by all its others, beside copying and interpolating: PSNR and SSIM.

    python -m experiments.left_out --checkpoint CKPT --cache CACHE [--everyone] [--slices 24] [--out CSV]

Without `--everyone` it asks about test subjects of the checkpoint's own split; with it about all studies of a cache
that training has never seen.
"""

from argparse import ArgumentParser
from pathlib import Path

import pandas as pd

from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.devices import device_of, fast_precision
from cmr_ssl.inference.leave_one_out import leave_one_out
from cmr_ssl.inference.pretrained import load_pretraining
from cmr_ssl.inspection.usual_planes import split_subjects, studies
from cmr_ssl.report.tables import write_csv
from experiments.cohorts import views_of
from experiments.tables import print_table

REGIONS = ("base", "mid", "apex", "la_2ch", "la_3ch", "la_4ch")
TOLD_BY = ("model", "nearest", "interpolated", "blended")


def leave_out(
    checkpoint: Path,
    cache: Path,
    subjects: int,
    views: dict[str, int] | None = None,
    everyone: bool = False,
    table: Path | None = None,
) -> pd.DataFrame:
    """Return a row for each plane: how well all others tell it.

    Args:
        checkpoint: of a pretraining.
        cache: prepared as it was trained.
        subjects: at most, the first by a stable hash.
        views: room for so many planes per view; None for as many as in training.
        everyone: whether all subjects of the cache are asked about, not only the test split.
        table: with the column by which training was split, where the cache's own table has none.
    """
    device = device_of("auto")
    task, trained = load_pretraining(checkpoint, device)
    trained = trained._replace(views=views or trained.views)
    splits = ("train", "val", "test") if everyone else ("test",)
    chosen = first_subjects(split_subjects(checkpoint, cache, trained, *splits, table=table), subjects)
    rows: list[dict[str, object]] = []
    with fast_precision(device):
        for heart in studies(cache, chosen, trained, device):
            rows += leave_one_out(task, heart)
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
    parser.add_argument("--table", type=Path, help="with the column by which training was split, if it was by one")
    parser.add_argument("--out", type=Path, help="CSV file to write a row a plane to")
    asked = parser.parse_args()
    views = views_of(asked.slices) if asked.slices else None
    found = leave_out(asked.checkpoint, asked.cache, asked.subjects, views, asked.everyone, asked.table)
    if asked.out:
        write_csv(asked.out, found)
    print_table("planes", by_region(found))


if __name__ == "__main__":
    main()
