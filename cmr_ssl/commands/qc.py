"""The command `qc`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.preparation.policy import Policy
from cmr_ssl.workers import Workers

NO_POLICY = Policy()


def qc(
    cache: Path,
    out: Path,
    limits: dict[str, float] | None = None,
    policy: Policy = NO_POLICY,
    imported: Path | None = None,
    worst: int = 6,
    workers: int = 1,
    scheduler: str = "",
    overwrite: bool = False,
    withdrawn: Path | None = None,
) -> int:
    """Write the quality control of a prepared cohort: a page, every finding as a row, and what was measured.

    Each row of `findings.csv` has the policy's decision; train without what it rejects by `--data.findings FILE`.

    Args:
        cache: folder made by `python -m cmr_ssl prepare`.
        out: folder for `index.html`, `findings.csv`, `measures.csv`, `thumbnails` and `crops`; made if absent.
        limits: other limits of checks, such as `{low-contrast: 0.25}`; the page lists all.
        policy: what each kind of finding leads to, such as `configs/policy/default.yaml`; without one all is kept.
        imported: folder of the import that was prepared; what it found joins the table.
        worst: cases of each kind to show.
        workers: processes of this machine that work on subjects side by side.
        scheduler: address of a Dask scheduler, whose workers work instead, on disks they share with this command.
        overwrite: do everything again.
        withdrawn: text or CSV file of participants who withdrew and are left out.

    Returns:
        Exit status: 0 if anything usable came out and nothing stopped it, else 1.

    Raises:
        FileNotFoundError: if there is no complete cache, or no import where one is named.
        ValueError: if a limit or a decision is of nothing that is known.
    """
    from cmr_ssl.qc.qc_writer import write_qc

    cache, out = cache.absolute(), out.absolute()  # workers elsewhere stand in other folders
    who, gone = Workers(workers, scheduler, (cache,)), read_withdrawn(withdrawn)
    return write_qc(cache, out, limits or {}, policy, imported, worst, who, gone, overwrite).status
