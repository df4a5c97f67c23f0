"""The command `explore`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn


def explore(
    embeddings: Path,
    table: Path,
    out: Path,
    cache: Path | None = None,
    vector: str | None = None,
    columns: list[str] | None = None,
    neighbours: int = 8,
    umap: bool = False,
    withdrawn: Path | None = None,
) -> int:
    """Write a page with a map of all subjects by their embeddings, to be opened from disk in a browser.

    Subjects are coloured by any column of the table; a click shows a subject, its values and who is most like it by
    cosine similarity of the embeddings. The page names participants: keep it where the table is.

    Args:
        embeddings: parquet file that `embed` wrote.
        table: CSV, TSV or parquet file, one row a subject, such as `cohort` writes.
        out: HTML file to write.
        cache: that was embedded, for a thumbnail of each subject: the middle short-axis slice at end-diastole.
        vector: column of the embeddings; without it the first of whole_heart, class_token, mean and landmarks that is
            there.
        columns: of the table, such as `[LVEF (%),Sex]`; without it the first 60.
        neighbours: how many of each subject.
        umap: place subjects by UMAP (`pip install umap-learn`) instead of the first two principal components.
        withdrawn: text or CSV file of participants who withdrew and are left out.

    Raises:
        FileNotFoundError: if embeddings, table or cache are not there.
        ValueError: if one of them cannot be read or has none of the others' subjects, fewer than three subjects have an
            embedding, a column or vector is unknown, or `out` is no HTML file by its name.
    """
    if neighbours < 1:
        raise ValueError(f"--neighbours {neighbours} makes no sense: give 1 or more")
    if out.suffix.lower() not in (".html", ".htm") or out.is_dir():
        raise ValueError(f"{out} is to be a page: end its name with .html, and let it be no folder")
    withdrawals = read_withdrawn(withdrawn)

    from cmr_ssl.pages.explorer_writer import write_explorer

    write_explorer(embeddings, table, out, cache, vector, columns, neighbours, umap, withdrawals)
    return 0
