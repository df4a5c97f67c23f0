"""The page of a cohort's map: one file with all subjects, their values, neighbours and pictures."""

from base64 import b64encode
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.pages.map_columns import MISSING, OTHER, MapColumn, MapColumns, NumberColumn
from cmr_ssl.pages.map_picture import map_picture, scale_colours
from cmr_ssl.pages.map_thumbnails import Thumbnails
from cmr_ssl.pages.render import Provenance, embedded, render
from cmr_ssl.pages.subject_map import EmbeddedSubjects, Neighbours, SubjectMap

PRIVATE = "This page contains subject ids and values of single participants: do not share it."


class Explored(NamedTuple):
    """What the page shows."""

    embedded: EmbeddedSubjects
    map: SubjectMap
    neighbours: Neighbours
    table: MapColumns
    thumbnails: Thumbnails


def explorer_page(explored: Explored, sources: list[tuple[str, str]]) -> str:
    """Return the page; `sources` are names and values for its foot."""
    first = next(iter(explored.table.columns), None)
    picture = map_picture(explored.map.places, first)
    subjects = explored.embedded.subjects
    about = [("Subjects", str(len(subjects))), ("In the table", str(explored.table.found))]
    return render(
        "explorer.html",
        Provenance("", sources, synthetic=False),
        warning=PRIVATE,
        title="Cohort map",
        about=about,
        method=explored.map.method,
        vector=explored.embedded.name,
        width=explored.embedded.vectors.shape[1],
        notes=notes(explored),
        data=page_data(explored),
        pictures=explored.thumbnails.pictures,
        static=embedded(picture, "image/png"),
        shown="" if first is None else first.name,
    )


def notes(explored: Explored) -> list[str]:
    """Return a sentence for everything that is missing from the page."""
    without, subjects = explored.embedded.without, len(explored.embedded.subjects)
    lines = []
    if without:
        lines.append(f"{len(without)} subjects have no finite embedding and are left out, the first is {without[0]}.")
    if absent := subjects - explored.table.found:
        lines.append(f"{absent} of {subjects} subjects have no row in the table and are grey.")
    lines += [f"Not shown: {line}." for line in explored.table.left_out]
    return lines + [line for line in [explored.thumbnails.note] if line]


def page_data(explored: Explored) -> dict[str, object]:
    """Return what the script of the page reads; arrays are little-endian numbers in base 64."""
    return {
        "subjects": explored.embedded.subjects,
        "places": packed(explored.map.places, "<f4"),
        "neighbours": packed(explored.neighbours.rows, "<u4"),
        "similarity": packed(explored.neighbours.similarity, "<f4"),
        "columns": [column_data(column) for column in explored.table.columns],
        "scale": scale_colours(),
        "other": OTHER,
        "missing": MISSING,
    }


def column_data(column: MapColumn) -> dict[str, object]:
    """Return a column for the script of the page."""
    if isinstance(column, NumberColumn):
        return column._asdict() | {"values": packed(column.values, "<f4")}
    return column._asdict() | {"codes": packed(column.codes, "<i2")}


def packed(array: NDArray[np.generic], kind: str) -> str:
    """Return the numbers of an array, row by row, as `kind` in base 64."""
    return b64encode(np.ascontiguousarray(array, dtype=kind).tobytes()).decode()
