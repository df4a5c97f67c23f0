"""The command `demo`."""

from pathlib import Path


def demo(out: Path = Path("demo"), quick: bool = False, workers: int = 2) -> int:
    """Show everything once on synthetic hearts: pretraining, then phenotypes and label maps from its encoder.

    One line a stage, with what came out. What is done is not repeated: a demo that was cut goes on.

    Args:
        out: folder for the cohort, the runs with their figures and tables, and a log; made if absent.
        quick: few hearts and epochs, to see whether it runs.
        workers: processes of this machine that work on subjects side by side.

    Returns:
        Exit status, 1 if a stage failed.
    """
    from cmr_ssl.demonstration import QUICK, Size, demonstrate

    return demonstrate(out, QUICK if quick else Size(), workers)
