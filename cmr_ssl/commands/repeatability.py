"""The command `repeatability`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn


def repeatability(
    first: Path,
    second: Path,
    out: Path,
    columns: dict[str, str] | None = None,
    withdrawn: Path | None = None,
) -> int:
    """Measure how well a second acquisition repeats the first, from two tables of the same subjects.

    Writes `repeatability.md`, `repeatability.csv` (within-subject SD and coefficient of variation, smallest detectable
    change, ICC, bias and limits of agreement, all with intervals over subjects) and Bland-Altman plots. Nothing may
    have changed between the two: real test-retest scans, or synthetic ones (`phantom --visit 3`).

    Args:
        first: CSV, TSV or parquet file with a row a subject; or the folder that `predict` wrote.
        second: the same of the other acquisition, with the same ids.
        out: folder for what is written.
        columns: of the first table to those of the second; by default all that mean the same phenotype.
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.

    Returns:
        Exit status: 0 if anything could be measured, else 1.

    Raises:
        FileNotFoundError: if a table is not there.
        ValueError: if the two share no subject or no column of numbers, or are one file.
    """
    from cmr_ssl.evaluation.repeatability_writer import write_repeatability
    from cmr_ssl.pages.predictions import TABLE

    tables = [path / TABLE if path.is_dir() else path for path in (first, second)]
    for path in tables:
        if not path.is_file():
            raise FileNotFoundError(f"there is no table {path}: name a table or a folder that `predict` wrote")
    if tables[0].resolve() == tables[1].resolve():
        raise ValueError(f"--first and --second are both {tables[0]}: name the tables of two acquisitions")
    gone = read_withdrawn(withdrawn)
    return 0 if write_repeatability(tables[0], tables[1], columns, out, gone) else 1
