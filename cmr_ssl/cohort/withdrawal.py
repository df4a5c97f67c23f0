"""Participants who withdrew: nothing of them is read or written any more, and what a command made of them goes."""

import csv
import io
import json
import logging
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from cmr_ssl.cohort.identities import IDS, canonical_id, key, rounded
from cmr_ssl.files import HALF_WRITTEN, PARQUET, save_text, write_atomically

log = logging.getLogger(__name__)

# behind the id of a participant, once or, with the number of the item, twice: _3, _2_0, -2.0, _i3, _ses-02
VISIT = re.compile(r"(.+?)[_-](?:i|v|ses-?|visit-?|instance-?)?\d{1,2}(?:\.\d{1,2})?", re.IGNORECASE)
PERSON = re.compile(r"\d{5,}")  # ids of which a suffix is a visit, and not a number that tells patients apart
HALF = re.compile(rf"{re.escape(HALF_WRITTEN)}\d+-")
SEPARATED = re.compile(r"[\t,;]")


@dataclass(frozen=True)
class Withdrawn:
    """Who withdrew.

    Attributes:
        path: the list; None where there is none.
        ids: of the participants, as written there.
    """

    path: Path | None
    ids: frozenset[str]

    @cached_property
    def keys(self) -> frozenset[str]:
        """What ids are compared by."""
        return frozenset(map(key, self.ids))

    def participant(self, subject: str) -> str | None:
        """Return the participant on the list whose visit a subject is, as the subject has the id; None for others."""
        return next(
            (one for one in _persons(canonical_id(subject.removeprefix("sub-"))) if key(one) in self.keys), None
        )

    def includes(self, subject: str) -> bool:
        """Tell whether a subject is a visit of somebody who withdrew."""
        return self.participant(subject) is not None

    def leave(self, subjects: Sequence[str], where: Path | str) -> list[str]:
        """Return the subjects that may be used, and say how many of those that withdrew were there.

        Raises:
            ValueError: if an id on the list may be two participants, for want of its zeros in front.
        """
        if self.path is None:
            return list(subjects)
        left = [subject for subject in subjects if not self.includes(subject)]
        persons = {one for subject in subjects if (one := self.participant(subject)) is not None}
        _check_unique(persons, self.path)
        inexact = len(persons - self.ids)
        log.warning(
            "withdrawn: %d of %d participants of %s were found in %s, and their %d subjects are left out%s",
            *(len(persons), len(self.ids), self.path, where, len(subjects) - len(left)),
            f" ({inexact} by ids that differ by zeros in front or are written otherwise)" if inexact else "",
        )
        return left

    def erase(
        self, folder: Path, files: Sequence[str] = (), lines: Sequence[str] = (), rows: Sequence[str] = ()
    ) -> None:
        """Remove what a command made of those who withdrew, look again, and say how much it was.

        Args:
            folder: what the command owns lies in it.
            files: patterns below the folder, the first star of each standing for the subject; whole folders, too.
            lines: patterns of journals, which have a subject in every line.
            rows: patterns of tables with a column `subject`.

        Raises:
            ValueError: if a table cannot be read, or something is left.
        """
        if self.path is None:
            return
        first = self._erase(folder, files, lines, rows)
        if left := sum(self._erase(folder, files, lines, rows)):
            raise ValueError(f"{left} files and rows of participants who withdrew came back to {folder}: run it again")
        log.warning(
            "withdrawn: %d files, %d journal entries and %d rows of tables were removed from %s, and none is left",
            *(*first, folder),
        )

    def _erase(
        self, folder: Path, files: Sequence[str], lines: Sequence[str], rows: Sequence[str]
    ) -> tuple[int, int, int]:
        """Remove once; return how many files, journal entries and rows."""
        made = [path for pattern in files for path in _matching(folder, pattern, self.includes)]
        counts = sum(_remove(path, folder) for path in made)
        journals = [path for pattern in lines for path in sorted(folder.glob(pattern))]
        tables = [path for pattern in rows for path in sorted(folder.glob(pattern))]
        entries = sum(drop_lines(path, self.includes) for path in journals)
        return counts, entries, sum(drop_rows(path, self.includes) for path in tables)


NOBODY = Withdrawn(None, frozenset())


def read_withdrawn(path: Path | str | None) -> Withdrawn:
    """Read a list of participants: an id a line, or a column of ids in a CSV file; `NOBODY` without a path.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no text, names nobody, or a spreadsheet rounded an id.
    """
    if path is None:
        return NOBODY
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no list of withdrawn participants at {path}: name a text or CSV file, an id a line")
    ids = set()
    for number, one in _listed(path):
        if rounded(one):
            raise ValueError(
                f"line {number} of {path} says {one!r}, an id that a spreadsheet rounded: nobody can tell who it is; "
                "format the column as text and write the list again"
            )
        ids.add(next(filter(PERSON.fullmatch, _persons(one)), one))
    if not ids:
        raise ValueError(f"{path} names nobody: give an id a line, or leave --withdrawn out")
    return Withdrawn(path, frozenset(ids))


def _persons(subject: str) -> list[str]:
    """Return whose visit a subject may be: itself, and what is left without one number behind it or two."""
    found = [subject]
    while len(found) < 3 and (visit := VISIT.fullmatch(found[-1])):
        found.append(visit[1])
    return found


def _listed(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the ids of a list with the numbers of their lines."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text: write the list of withdrawn participants as text or CSV") from error
    at = 0
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip().strip("\"'") for cell in SEPARATED.split(line)]
        names = [cell.lower() for cell in cells]
        if number == 1 and (known := [names.index(name) for name in IDS if name and name in names]):
            at = known[0]
        elif at < len(cells) and cells[at] and not cells[at].startswith("#"):
            yield number, canonical_id(cells[at].removeprefix("sub-"))


def _check_unique(persons: set[str], path: Path) -> None:
    """Refuse participants whose ids differ by zeros only: the list may mean one of them."""
    known: dict[str, str] = {}
    for person in sorted(persons):
        if (other := known.setdefault(key(person), person)) != person:
            raise ValueError(
                f"an id of {path} may be {other!r} and {person!r}, which differ only by what a spreadsheet removes: "
                "give it as text, and rename one of the two"
            )


def _matching(folder: Path, pattern: str, included: Callable[[str], bool]) -> list[Path]:
    """Return the paths of a pattern whose first star stands for a subject that is included."""
    parts = Path(pattern).parts
    at = next(index for index, part in enumerate(parts) if "*" in part)
    before, _, behind = parts[at].partition("*")
    found = []
    for path in sorted(folder.glob(pattern)):
        name = HALF.sub("", path.relative_to(folder).parts[at])
        if included(unquote(name.removeprefix(before).removesuffix(behind.rpartition("*")[2]))):
            found.append(path)
    return found


def _remove(path: Path, folder: Path) -> int:
    """Remove a file or a folder, and the folder of a subject that is empty then; return how many files went."""
    if path.is_dir() and not path.is_symlink():
        count = sum(not one.is_dir() for one in path.rglob("*"))
        shutil.rmtree(path)
        return max(1, count)
    path.unlink()
    if path.parent != folder and not any(path.parent.iterdir()):
        path.parent.rmdir()
    return 1


def drop_lines(journal: Path, included: Callable[[str], bool]) -> int:
    """Remove the lines of a journal that are of subjects who are included, and return how many."""
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not included(_subject_of(line))]
    if len(kept) < len(lines):
        save_text(journal, "".join(kept))
    return len(lines) - len(kept)


def _subject_of(line: str) -> str:
    """Return whose line of a journal it is; nobody's if it is torn."""
    try:
        return str(json.loads(line)["subject"])
    except (json.JSONDecodeError, KeyError, TypeError):
        return ""


def drop_rows(table: Path, included: Callable[[str], bool]) -> int:
    """Remove the rows of a table that are of subjects who are included, and return how many.

    Raises:
        ValueError: if the table cannot be read.
    """
    try:
        return _drop_parquet(table, included) if table.suffix in PARQUET else _drop_csv(table, included)
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{table} cannot be read ({error}), so who is in it is unknown: remove it") from error


def _drop_csv(table: Path, included: Callable[[str], bool]) -> int:
    header, *rows = [*csv.reader(io.StringIO(table.read_text(encoding="utf-8")))] or [[]]
    if "subject" not in header:
        return 0
    at = header.index("subject")
    kept = [row for row in rows if len(row) <= at or not included(row[at])]
    if len(kept) < len(rows):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *kept])
        save_text(table, text.getvalue())
    return len(rows) - len(kept)


def _drop_parquet(table: Path, included: Callable[[str], bool]) -> int:
    import pyarrow.parquet as pq  # time that the workers of `prepare` need not spend

    rows = pq.read_table(table)
    kept = rows.filter([not included(str(subject)) for subject in rows["subject"].to_pylist()])
    if len(kept) < len(rows):
        write_atomically(table, lambda stream: pq.write_table(kept, stream))
    return len(rows) - len(kept)
