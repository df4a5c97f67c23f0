"""The command `retrieve`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.files import checkpoint_at


def retrieve(
    checkpoint: Path,
    cache: Path,
    table: Path,
    out: Path,
    neighbours: int = 5,
    batch_size: int = 8,
    workers: int = 2,
    device: str = "auto",
    withdrawn: Path | None = None,
) -> int:
    """Find the patients that are most alike: by image, by table, and by the table that an image looks like.

    Written is a row for each subject, way and rank. Between images and tables, similarity is how well they fit each
    other as the alignment sees it, where it was solved the logarithm of a likelihood ratio; else it is a cosine. Images
    and tables of one subject should find each other; how often they do, beside chance, is printed: over all the cache,
    and subjects of the training find each other more easily. How well others do is what `test` of the alignment says.

    Args:
        checkpoint: or the folder of a run, of an alignment.
        cache: prepared with the settings the checkpoint was trained with.
        table: CSV, TSV or parquet file with the fields of the alignment, one row a subject.
        out: CSV file to write; it names participants, so keep it where the table is.
        neighbours: how many of each.
        batch_size: subjects a batch.
        workers: processes of this machine that work on subjects side by side; with 0, this one reads.
        device: cpu, cuda, or auto for cuda where there is one.
        withdrawn: text or CSV file of participants who withdrew and are left out.

    Raises:
        FileNotFoundError: if checkpoint, cache or table are missing.
        ValueError: if they do not fit together, the checkpoint is of another kind, or a number makes no sense.
    """
    if neighbours < 1:
        raise ValueError(f"--neighbours {neighbours} makes no sense: give 1 or more")
    checkpoint, withdrawals = checkpoint_at(checkpoint), read_withdrawn(withdrawn)

    from cmr_ssl.inference.retrieval import retrieve_cohort

    retrieve_cohort(checkpoint, cache, table, out, neighbours, batch_size, workers, device, withdrawals)
    return 0
