"""The command `robustness`."""

from math import inf
from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
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
    undersampling: str | None = None,
    beside: Path | None = None,
) -> int:
    """Measure what missing and flawed planes do to a checkpoint, on test subjects of its own split.

    With --undersampling, measure what undersampled k-space does instead: a model of images is shown full, zero-filled
    and reconstructed images, a model of lines the lines. That k-space is simulated from the magnitudes of the cache.

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
        undersampling: accelerations R, all lines of k-space over those acquired, as in 1,2,4,8,16; writes
            undersampling.csv, undersampling.md and undersampling.png instead.
        beside: another checkpoint, measured at the same accelerations on the same subjects.

    Raises:
        FileNotFoundError: if checkpoint, cache or table are missing.
        ValueError: if they do not fit together, or there are too few subjects.
    """
    checkpoint = checkpoint_at(checkpoint)
    if table is not None and not table.is_file():
        raise FileNotFoundError(f"no table at {table}: name the file with phenotypes or split, or leave --table out")
    if min(subjects, reference) < 2 or batch_size < 1:
        raise ValueError(f"--subjects {subjects} and --reference {reference} must be 2 or more, --batch_size 1 or more")

    if beside is not None and undersampling is None:
        raise ValueError(f"--beside {beside} is compared on undersampled k-space: add --undersampling 1,2,4,8,16")
    accelerations = None if undersampling is None else read_accelerations(undersampling)
    checkpoints = [checkpoint, *([checkpoint_at(beside)] if beside else [])]

    read_withdrawn(withdrawn).erase(out, ["worst_*.png", "median_*.png"])

    from cmr_ssl.devices import device_of
    from cmr_ssl.robustness.benchmark import Benchmark, measure

    benchmark = Benchmark(checkpoint, cache, table, subjects, reference, batch_size, seed, withdrawn)
    if accelerations is None:
        measure(benchmark, out, device_of(device))
    else:
        from cmr_ssl.robustness.undersampling_report import measure_undersampling

        measure_undersampling(benchmark, checkpoints, accelerations, out, device_of(device))
    print(f"Tables, curves and pictures: {out}")
    return 0


def read_accelerations(text: str) -> list[float]:
    """Parse accelerations such as ``1,2,4``, without repetitions; raise ValueError if there is none, or one below 1."""
    try:
        accelerations = [float(part) for part in text.split(",")]
    except ValueError:
        accelerations = []
    if not accelerations or not all(1 <= acceleration < inf for acceleration in accelerations):
        raise ValueError(f"--undersampling names accelerations of 1 or more, as in 1,2,4,8,16, not {text!r}")
    return list(dict.fromkeys(accelerations))
