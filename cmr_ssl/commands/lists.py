"""The command `lists`."""

from pathlib import Path

from cmr_ssl.cohort.splits import Fractions
from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.files import check_apart
from cmr_ssl.workers import Workers


def lists(
    cache: Path,
    out: Path,
    classes: list[str] | None = None,
    every_frame: bool = False,
    fractions: Fractions = (0.8, 0.1, 0.1),
    split_column: str | None = None,
    table: Path | None = None,
    workers: int = 1,
    overwrite: bool = False,
    withdrawn: Path | None = None,
) -> int:
    """Write the labelled short-axis frames of a cache as NIfTI, with the lists that nnU-Net and MONAI train from.

    ED and ES of each labelled subject become one image and one label map each, in scanner coordinates. Pixels that
    nobody labelled get nnU-Net's ignore label. Files are named by subject: keep them where the images are.

    Args:
        cache: folder made by `python -m cmr_ssl prepare`.
        out: folder for `imagesTr`, `labelsTr`, `imagesTs`, `labelsTs`, `dataset.json` and `splits_final.json` of
            nnU-Net, where it is called DatasetNNN_NAME, `decathlon.json` of MONAI, and `cases.csv`, which says who has
            no case and why.
        classes: structures to keep, such as `[LV,myocardium,RV]`; without it those that at least half of the labelled
            subjects have.
        every_frame: write all labelled frames instead of ED and ES.
        fractions: of train, val and test, drawn by a stable hash of the subject, as training draws them.
        split_column: column of the cohort table, or of `table`, to split by instead.
        table: CSV, TSV or parquet file that has that column.
        workers: processes of this machine that work on subjects side by side.
        overwrite: do everything again, and replace what was made with other settings.
        withdrawn: text or CSV file of participants who withdrew: they are left out, and their files go.

    Returns:
        Exit status: 0 if anything usable came out and nothing stopped it, else 1.

    Raises:
        FileNotFoundError: if there is no complete cache.
        ValueError: if nobody is labelled, nobody is in the training or the validation split, there is no such class or
            column, or `out` lies in the cache.
    """
    from cmr_ssl.export.training_set import chosen, split_by, write_training_set

    cache, out = cache.absolute(), out.absolute()
    check_apart(cache, out, [])
    withdrawals = read_withdrawn(withdrawn)
    what = chosen(cache, classes, every_frame, split_by(fractions, split_column, table), withdrawals)
    return write_training_set(cache, out, what, Workers(workers), withdrawals, overwrite).status
