"""Write the map of a cohort from embeddings and a table."""

from collections.abc import Sequence
from pathlib import Path

from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.files import save_text
from cmr_ssl.pages.explorer_page import PRIVATE, Explored, explorer_page, notes
from cmr_ssl.pages.map_columns import read_map_columns
from cmr_ssl.pages.map_thumbnails import Thumbnails, read_thumbnails
from cmr_ssl.pages.subject_map import nearest, principal_map, read_embeddings, umap_map


def write_explorer(
    embeddings: Path,
    table: Path,
    out: Path,
    cache: Path | None,
    vector: str | None,
    columns: Sequence[str] | None,
    neighbours: int,
    umap: bool,
    withdrawn: Withdrawn,
) -> None:
    """Write the page; see the command `explore`."""
    embedded = read_embeddings(embeddings, vector, withdrawn)
    explored = Explored(
        embedded,
        umap_map(embedded.vectors) if umap else principal_map(embedded.vectors),
        nearest(embedded.vectors, neighbours),
        read_map_columns(table, embedded.subjects, columns),
        Thumbnails([], "") if cache is None else read_thumbnails(cache, embedded.subjects),
    )
    sources = [("Embeddings", f"{embeddings.name}, {embedded.name}"), ("Table", table.name)]
    save_text(out, explorer_page(explored, sources))
    print("\n".join(notes(explored)), end="\n" if notes(explored) else "")
    print(f"{len(embedded.subjects)} subjects in {out} ({out.stat().st_size / 1e6:.2g} MB). {PRIVATE}")
