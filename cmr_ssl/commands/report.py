"""The command `report`."""

from dataclasses import replace
from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.files import check_apart
from cmr_ssl.sources import FIELD_FILES, NiftiFiles, NiftiFolder
from cmr_ssl.workers import Workers


def report(
    predictions: Path,
    out: Path,
    source: Path | None = None,
    reference: Path | None = None,
    qc: Path | None = None,
    inspection: Path | None = None,
    files: NiftiFiles = FIELD_FILES,
    workers: int = 1,
    overwrite: bool = False,
    withdrawn: Path | None = None,
) -> int:
    """Write a page a subject and a page of the cohort from what `predict` wrote; run it again to continue.

    Pages are single files that open from disk. Beside them lie `measures.csv` and `measures.parquet`, whose columns
    have units in their names, and `dictionary.csv`, which explains them.

    Args:
        predictions: folder that `predict` wrote.
        out: folder for `index.html` and `subjects/SUBJECT.html`.
        source: folder of the images that were predicted, for large pictures of the beating heart; without it the
            pictures that `predict` made are shown.
        reference: CSV, TSV or parquet file, one row a person, with sex and age: then each value is compared with those
            of people of the same sex and about the same age, by the file's phenotypes if it has any, else by these
            predictions. Where it has the phenotypes of the subjects themselves, agreement is measured.
        qc: findings.csv that `qc` wrote, whose findings join the pages.
        inspection: inspection.csv that `inspect` wrote, the same.
        files: how a subject's images are called.
        workers: processes of this machine that work on subjects side by side.
        overwrite: do everything again, and replace what was made with other settings.
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.

    Returns:
        Exit status: 0 if any page was written, else 1.

    Raises:
        FileNotFoundError: if a folder or table is not there.
        ValueError: if one of them is something else, the reference is the predictions, or `out` lies in the
            predictions or the images.
    """
    from cmr_ssl.pages.flaws import read_flaws
    from cmr_ssl.pages.percentiles import read_reference
    from cmr_ssl.pages.predictions import MADE_BY, TABLE, read_predictions
    from cmr_ssl.pages.report_writer import context_of, write_report

    predictions, out = predictions.absolute(), out.absolute()
    read = read_predictions(predictions)
    check_apart(predictions, out, [])
    images = None
    if source is not None:
        images = NiftiFolder(source.absolute(), files)
        check_apart(images.folder, out, images.subjects())
    if reference is not None and reference.resolve() == (predictions / TABLE).resolve():
        raise ValueError(
            f"--reference {reference} is the predictions themselves: name a table of others, or leave it out"
        )
    population = None if reference is None else read_reference(reference, read.subjects())
    if population is not None and not any(population.holds(subject) for subject in read.subjects()):
        print(f"Note: {reference} has none of these subjects, so sex and age are unknown and all people are peers.")
    flaws = read_flaws(qc, inspection)
    made_by = predictions / MADE_BY
    whole_table = predictions / TABLE if reference is not None else None  # values may be compared with it
    context = context_of([reference, qc, inspection, whole_table, made_by if made_by.is_file() else None])
    read = replace(read, images=images, context=context)
    return write_report(read, population, flaws, out, Workers(workers), read_withdrawn(withdrawn), overwrite).status
