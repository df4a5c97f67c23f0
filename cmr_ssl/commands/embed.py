"""The command `embed`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.files import check_parquet


def embed(
    checkpoint: Path,
    cache: Path,
    out: Path,
    columns: list[str] | None = None,
    half: bool = False,
    batch_size: int = 8,
    workers: int = 2,
    device: str = "auto",
    shard: int = 0,
    shards: int = 1,
    overwrite: bool = False,
    withdrawn: Path | None = None,
) -> int:
    """Write one row a subject: the whole heart, landmarks, class token, mean of all tokens and of each plane's tokens.

    The whole heart is what the decoder of a pretraining says about fixed places; other checkpoints leave it empty.

    Args:
        checkpoint: of any task of this project.
        cache: prepared with the settings the checkpoint was trained with.
        out: parquet file to write; it appears when it is complete. Until then its rows lie in a hidden folder beside
            it, and the same command goes on.
        columns: vectors to keep, such as `[class_token, mean]`; all without. At width 1024 all of them take 0.2 MB a
            subject of 12 planes, and landmarks most of it.
        half: store numbers in 16 bits instead of 32.
        batch_size: subjects a batch.
        workers: processes of this machine that work on subjects side by side; here threads, which read, 0 for none.
        device: cpu, cuda, or auto for cuda where there is one.
        shard: which part of the subjects this command does, from 0.
        shards: how many parts there are; an array job runs one command a part, with the same --out.
        overwrite: do everything again, and replace what was made with other settings.
        withdrawn: text or CSV file of participants who withdrew: they are left out, and their rows go.

    Returns:
        Exit status: 0 if anything usable came out and nothing stopped it, else 1.

    Raises:
        FileExistsError: if `out` is a folder.
        FileNotFoundError: if checkpoint or cache are missing.
        ValueError: if they do not fit together, no subject is usable, there is no such device or shard, `out` was made
            with other settings, or is no parquet file by its name, or there is no such column.
    """
    check_parquet(out)
    withdrawals = read_withdrawn(withdrawn)

    from cmr_ssl.inference.embedding_columns import columns_of
    from cmr_ssl.inference.embeddings import write_embeddings
    from cmr_ssl.runner.run import Shard

    part, stored = Shard(shard, shards), columns_of(columns, half)
    return write_embeddings(
        checkpoint, cache, out, stored, batch_size, workers, device, part, withdrawals, overwrite
    ).status
