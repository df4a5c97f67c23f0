"""The command `embed`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.files import check_parquet


def embed(
    checkpoint: Path,
    cache: Path,
    out: Path,
    batch_size: int = 8,
    workers: int = 2,
    device: str = "auto",
    withdrawn: Path | None = None,
) -> int:
    """Write one row a subject: the whole heart, landmarks, class token, mean of all tokens and of each plane's tokens.

    The whole heart is what the decoder of a pretraining says about fixed places; other checkpoints leave it empty.

    Args:
        checkpoint: of any task of this project.
        cache: prepared with the settings the checkpoint was trained with.
        out: parquet file to write; it appears when it is complete.
        batch_size: subjects a batch.
        workers: processes of this machine that work on subjects side by side; here threads, which read, 0 for none.
        device: cpu, cuda, or auto for cuda where there is one.
        withdrawn: text or CSV file of participants who withdrew and are left out.

    Raises:
        FileExistsError: if `out` is a folder.
        FileNotFoundError: if checkpoint or cache are missing.
        MachineFault: if the machine fails to read.
        ValueError: if they do not fit together, no subject is usable, there is no such device, or `out` is no
            parquet file by its name.
    """
    check_parquet(out)
    withdrawals = read_withdrawn(withdrawn)

    from cmr_ssl.inference.embeddings import write_embeddings

    write_embeddings(checkpoint, cache, out, batch_size, workers, device, withdrawals)
    return 0
