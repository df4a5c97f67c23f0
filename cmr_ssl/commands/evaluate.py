"""The command `evaluate`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.files import check_apart
from cmr_ssl.sources.nifti_files import FIELD_FILES, NiftiFiles
from cmr_ssl.workers import Workers


def evaluate(
    predictions: Path,
    truth: Path,
    out: Path,
    files: NiftiFiles = FIELD_FILES,
    truth_files: NiftiFiles | None = None,
    columns: dict[str, str] | None = None,
    table: Path | None = None,
    by: str | None = None,
    edges: dict[str, list[float]] | None = None,
    fewest: int = 20,
    every_frame: bool = False,
    workers: int = 1,
    overwrite: bool = False,
    withdrawn: Path | None = None,
) -> int:
    """Compare predictions with the truth, two folders of label maps or two tables, made here or elsewhere.

    Writes `evaluation.md` and the tables behind it: agreement with intervals over subjects, coverage of intervals, of
    label maps Dice and surface distances, and with --table errors by group of people.

    Args:
        predictions: folder of label maps, a sub-folder a subject or all side by side with the subject in their names;
            or CSV, TSV or parquet file with a row a subject; or, where the truth is a table, the folder that `predict`
            wrote.
        truth: folder of label maps of the same subjects on the grid of the same images; or a table.
        out: folder for what is written.
        files: how label maps are called and what their numbers mean; `{subject}` stands for the subject, in a folder
            of files also `{frame}` for the frame, from 0.
        truth_files: the same of the truth, where it differs.
        columns: of tables: columns of the predictions to those of the truth, as in {ef: LVEF (%)}; by default all that
            mean the same phenotype.
        table: CSV, TSV or parquet file, one row a subject, with what people are grouped by.
        by: columns of --table, separated by commas; by default those of sex, age, bmi and pathology that it has.
        edges: between which numbers are grouped, as in {Age: [50, 60, 70]}; an edge belongs to the group above it.
        fewest: subjects; smaller groups are listed without numbers.
        every_frame: compare all frames that the truth labels, not ED and ES alone.
        workers: processes of this machine that work on subjects side by side.
        overwrite: do everything again.
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.

    Returns:
        Exit status: 0 if anything could be measured, else 1.

    Raises:
        FileNotFoundError: if a folder or table is not there.
        ValueError: if they cannot be compared, or options make no sense.
    """
    _check(predictions, truth, edges, table, fewest)

    from cmr_ssl.evaluation.evaluate_labels import evaluate_labels
    from cmr_ssl.evaluation.evaluate_tables import evaluate_tables
    from cmr_ssl.evaluation.groups import read_groups
    from cmr_ssl.evaluation.paired_labels import PairedLabels
    from cmr_ssl.evaluation.writer import FIGURES, OF_SUBJECTS, write_evaluation
    from cmr_ssl.pages.predictions import TABLE
    from cmr_ssl.sources.flat_labels import labels_in

    gone, predictions, truth, out = read_withdrawn(withdrawn), predictions.absolute(), truth.absolute(), out.absolute()
    for folder in (path for path in (predictions, truth) if path.is_dir()):
        check_apart(folder, out, [FIGURES])
    gone.erase(out, tables=OF_SUBJECTS)
    if truth.is_dir():
        theirs = truth_files or files
        sides = (labels_in(predictions, files.labels, files.facts), labels_in(truth, theirs.labels, theirs.facts, True))
        evaluated = evaluate_labels(PairedLabels(*sides), out, every_frame, Workers(workers), gone, overwrite)
    else:
        given = predictions / TABLE if predictions.is_dir() else predictions
        if not given.is_file():
            raise FileNotFoundError(
                f"{predictions} holds no {TABLE} as `predict` writes it: measure its label maps with "
                "`python -m cmr_ssl quantify`, and give that table"
            )
        evaluated = evaluate_tables(given, truth, columns, gone)
    if evaluated is None:
        return 1
    names = None if by is None else [name.strip() for name in by.split(",") if name.strip()]
    subjects = list(evaluated.values.first.index)
    groups = None if table is None or not subjects else read_groups(table, names, subjects, edges or {})
    return 0 if write_evaluation(out, evaluated, groups, fewest) else 1


def _check(
    predictions: Path, truth: Path, edges: dict[str, list[float]] | None, table: Path | None, fewest: int
) -> None:
    """Refuse what makes no sense before anything is imported."""
    for path, what in ((predictions, "predictions"), (truth, "truth")):
        if not path.exists():
            raise FileNotFoundError(f"there is no {path}: name a folder of label maps or a table as --{what}")
    if fewest < 3:
        raise ValueError(f"--fewest {fewest} makes no sense: give 3 or more")
    if edges and table is None:
        raise ValueError("--edges groups people: name the table with their ages as --table")
    if truth.is_dir() and not predictions.is_dir():
        raise ValueError(
            f"{truth} is a folder and {predictions} a table: give two folders, or measure one with "
            "`python -m cmr_ssl quantify` and give two tables"
        )
