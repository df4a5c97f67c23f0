"""The command `robustness`."""

from pathlib import Path

from cmr_ssl.data.withdrawal import read_withdrawn
from cmr_ssl.files import checkpoint_at


def robustness(
    checkpoint: Path,
    cache: Path,
    out: Path,
    table: Path | None = None,
    subjects: int = 100,
    reference: int = 200,
    batch_size: int = 8,
    seed: int = 0,
    device: str = "auto",
    withdrawn: Path | None = None,
) -> int:
    """Measure what missing and flawed planes do to a checkpoint, on test subjects of its own split.

    Args:
        checkpoint: or the folder of a run, of any task of this project.
        cache: prepared with the settings the checkpoint was trained with.
        out: folder for robustness.csv, robustness.md, robustness.png and, of a pretraining task, pictures.
        table: CSV, TSV or parquet file with the true phenotypes, for a task that predicts them, or with the column by
            which training was split (--data.split_column).
        subjects: of the test split, at most; also those among whom a subject must be found again.
        reference: of the training split, at most; their mean embedding is the centre from which angles are seen.
        batch_size: subjects a batch.
        seed: of the choice of planes and of the flaws.
        device: cpu, cuda, or auto for cuda where there is one.
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.

    Returns:
        0.

    Raises:
        FileNotFoundError: if checkpoint, cache or table are missing.
        ValueError: if they do not fit together, or there are too few subjects.
    """
    checkpoint = checkpoint_at(checkpoint)
    if table is not None and not table.is_file():
        raise FileNotFoundError(f"no table at {table}: name the file with phenotypes or split, or leave --table out")
    if min(subjects, reference) < 2 or batch_size < 1:
        raise ValueError(f"--subjects {subjects} and --reference {reference} must be 2 or more, --batch_size 1 or more")

    read_withdrawn(withdrawn).erase(out, ["worst_*.png", "median_*.png"])

    from cmr_ssl.devices import device_of
    from cmr_ssl.robustness.benchmark import Benchmark, measure

    measure(
        Benchmark(checkpoint, cache, table, subjects, reference, batch_size, seed, withdrawn), out, device_of(device)
    )
    print(f"Tables, curves and pictures: {out}")
    return 0
