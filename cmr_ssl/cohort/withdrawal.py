"""Participants who withdrew: they are neither read nor written any more, and what a command made of them is erased."""

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

from cmr_ssl.cohort.identities import GROUPED, IDS, canonical_id, id_key, is_rounded
from cmr_ssl.files import HALF_WRITTEN, PARQUET, save_text, write_atomically

log = logging.getLogger(__name__)

# suffix of a participant's id, repeated where the item is numbered: _3, _2_0, -2.0, _i3, _ses-02
VISIT = re.compile(r"(.+?)[_-](?:i|v|ses-?|visit-?|instance-?)?\d{1,2}(?:\.\d{1,2})?", re.IGNORECASE)
PERSON = re.compile(r"\d{5,}")  # ids of which a suffix is a visit, and not a number that distinguishes patients
HALF = re.compile(rf"{re.escape(HALF_WRITTEN)}\d+-")
SEPARATED = re.compile(r"[\t,;]")
UNUSUAL = re.compile(r"[\s\[\](){}#\"']")  # in an id


@dataclass(frozen=True)
class Withdrawn:
    """The participants who withdrew.

    Attributes:
        path: the list; None where there is none.
        ids: of the participants, as written there.
    """

    path: Path | None
    ids: frozenset[str]

    @cached_property
    def keys(self) -> frozenset[str]:
        """The ids as `id_key` compares them."""
        return frozenset(map(id_key, self.ids))

    def participant(self, subject: str) -> str | None:
        """Return the withdrawn participant whose visit a subject is, by the subject's own spelling; None for others."""
        persons = _persons(canonical_id(subject.removeprefix("sub-")))
        return next((person for person in persons if id_key(person) in self.keys), None)

    def includes(self, subject: str) -> bool:
        """Tell whether a subject is a visit of a participant who withdrew."""
        return self.participant(subject) is not None

    def remaining(self, subjects: Sequence[str], source: Path | str) -> list[str]:
        """Return the subjects of `source` who did not withdraw, and log how many others there are.

        Raises:
            ValueError: if an id on the list may be that of two participants, as its leading zeros are lost.
        """
        if self.path is None:
            return list(subjects)
        remaining = [subject for subject in subjects if not self.includes(subject)]
        persons = {person for subject in subjects if (person := self.participant(subject)) is not None}
        _check_unique(persons, self.path)
        inexact = len(persons - self.ids)
        log.warning(
            "withdrawn: %d of %d participants of %s were found in %s, and their %d subjects are left out%s",
            *(len(persons), len(self.ids), self.path, source, len(subjects) - len(remaining)),
            f" ({inexact} by ids that differ by zeros in front or are written otherwise)" if inexact else "",
        )
        return remaining

    def erase(
        self, folder: Path, files: Sequence[str] = (), journals: Sequence[str] = (), tables: Sequence[str] = ()
    ) -> None:
        """Remove what a command made of those who withdrew, verify it, and log how much it was.

        Args:
            folder: the output of the command.
            files: patterns of files or folders below it; the first star stands for the subject.
            journals: patterns of journals, which have a subject in every line.
            tables: patterns of tables with a column `subject`.

        Raises:
            ValueError: if a table cannot be read, or something is left.
        """
        if self.path is None:
            return
        counts = self._erase(folder, files, journals, tables)
        if left := sum(self._erase(folder, files, journals, tables)):
            raise ValueError(f"{left} files and rows of participants who withdrew came back to {folder}: run it again")
        log.warning(
            "withdrawn: %d files, %d journal entries and %d rows of tables were removed from %s, and none is left",
            *(*counts, folder),
        )

    def _erase(
        self, folder: Path, files: Sequence[str], journals: Sequence[str], tables: Sequence[str]
    ) -> tuple[int, int, int]:
        """Remove once; return how many files, journal entries and rows."""
        paths = [path for pattern in files for path in _matching(folder, pattern, self.includes)]
        return (
            sum(_remove(path, folder) for path in paths),
            sum(drop_lines(path, self.includes) for pattern in journals for path in sorted(folder.glob(pattern))),
            sum(drop_rows(path, self.includes) for pattern in tables for path in sorted(folder.glob(pattern))),
        )


NONE_WITHDRAWN = Withdrawn(None, frozenset())


def read_withdrawn(path: Path | str | None) -> Withdrawn:
    """Read a list of participants: an id a line, or a column of ids in a CSV file; `NONE_WITHDRAWN` without a path.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no text, names nobody, or a spreadsheet rounded an id.
    """
    if path is None:
        return NONE_WITHDRAWN
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no list of withdrawn participants at {path}: name a text or CSV file, an id a line")
    ids = set()
    for number, person in _listed(path):
        if is_rounded(person):
            raise ValueError(
                f"line {number} of {path} says {person!r}, an id that a spreadsheet rounded: nobody can tell who it "
                "is; format the column as text and write the list again"
            )
        ids.add(next(filter(PERSON.fullmatch, _persons(person)), person))
    if not ids:
        raise ValueError(f"{path} names nobody: give an id a line, or leave --withdrawn out")
    return Withdrawn(path, frozenset(ids))


def _persons(subject: str) -> list[str]:
    """Return the ids of the person whose visit a subject may be: its own, and without one or two suffixes."""
    persons = [subject]
    while len(persons) < 3 and (visit := VISIT.fullmatch(persons[-1])):
        persons.append(visit[1])
    return persons


def _listed(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line number and id of each participant of a list; raise ValueError where somebody may be overlooked."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text: write the list of withdrawn participants as text or CSV") from error
    column = None
    for number, line in enumerate(lines, start=1):
        cells = _cells(line)
        if number == 1 and (header := [cells.index(cell) for cell in cells if cell and cell.lower() in IDS]):
            column = header[0]
            continue
        if column is None:
            _check_alone(cells, f"line {number} of {path}")
        if (column or 0) < len(cells) and (person := cells[column or 0]) and not person.startswith("#"):
            yield number, canonical_id(person.removeprefix("sub-"))


def _cells(line: str) -> list[str]:
    """Split a line; digits in groups, 900,000,002, are one cell."""
    line = line.replace("\u200b", "").replace("\ufeff", "").strip()
    whole = line.strip("\"'")
    parts = [whole] if GROUPED.fullmatch(whole) else SEPARATED.split(line)
    return [cell.strip().removeprefix("=").strip("\"'").removesuffix(".") for cell in parts]


def _check_alone(cells: Sequence[str], where: str) -> None:
    """Raise ValueError where the first cell of a line may not be the id, or not the only one."""
    filled = [cell for cell in cells if cell]
    if not filled or filled[0].startswith("#"):
        return
    more = any(PERSON.fullmatch(cell) for cell in filled[1:])
    embedded = PERSON.search(filled[0]) and UNUSUAL.search(filled[0]) and not GROUPED.fullmatch(filled[0])
    names = len(filled) > 1 and not any(character.isdigit() for cell in filled for character in cell)
    if more or embedded or names:
        raise ValueError(
            f"{where} says {', '.join(filled)!r}, and which of it is the id is not clear: write one id a line and "
            f"nothing else, or call the column of ids {IDS[0]} in the first line"
        )


def _check_unique(persons: set[str], path: Path) -> None:
    """Refuse participants whose ids differ by zeros only: the list may mean one of them."""
    by_key: dict[str, str] = {}
    for person in sorted(persons):
        if (other := by_key.setdefault(id_key(person), person)) != person:
            raise ValueError(
                f"an id of {path} may be {other!r} and {person!r}, which differ only by what a spreadsheet removes: "
                "give it as text, and rename one of the two"
            )


def _matching(folder: Path, pattern: str, included: Callable[[str], bool]) -> list[Path]:
    """Return the paths of a pattern whose first star stands for an included subject."""
    parts = Path(pattern).parts
    level = next(index for index, part in enumerate(parts) if "*" in part)
    prefix, _, rest = parts[level].partition("*")
    paths = []
    for path in sorted(folder.glob(pattern)):
        name = HALF.sub("", path.relative_to(folder).parts[level])
        if included(unquote(name.removeprefix(prefix).removesuffix(rest.rpartition("*")[2]))):
            paths.append(path)
    return paths


def _remove(path: Path, folder: Path) -> int:
    """Remove a file or a folder, and the folder of a subject that is empty then; return how many files."""
    if path.is_dir() and not path.is_symlink():
        count = sum(not file.is_dir() for file in path.rglob("*"))
        shutil.rmtree(path)
        return max(1, count)
    path.unlink()
    if path.parent != folder and not any(path.parent.iterdir()):
        path.parent.rmdir()
    return 1


def drop_lines(journal: Path, included: Callable[[str], bool]) -> int:
    """Remove the lines of included subjects from a journal, and return how many."""
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not included(_subject_of(line))]
    if len(kept) < len(lines):
        save_text(journal, "".join(kept))
    return len(lines) - len(kept)


def _subject_of(line: str) -> str:
    """Return the subject of a line of a journal; empty if it is torn."""
    try:
        return str(json.loads(line)["subject"])
    except (json.JSONDecodeError, KeyError, TypeError):
        return ""


def drop_rows(table: Path, included: Callable[[str], bool]) -> int:
    """Remove the rows of included subjects from a table, and return how many; raise ValueError if it is damaged."""
    try:
        return _drop_parquet(table, included) if table.suffix in PARQUET else _drop_csv(table, included)
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{table} cannot be read ({error}), so who is in it is unknown: remove it") from error


def _drop_csv(table: Path, included: Callable[[str], bool]) -> int:
    header, *rows = [*csv.reader(io.StringIO(table.read_text(encoding="utf-8")))] or [[]]
    if "subject" not in header:
        return 0
    column = header.index("subject")
    kept = [row for row in rows if len(row) <= column or not included(row[column])]
    if len(kept) < len(rows):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *kept])
        save_text(table, text.getvalue())
    return len(rows) - len(kept)


def _drop_parquet(table: Path, included: Callable[[str], bool]) -> int:
    import pyarrow.parquet as pq  # takes time, which workers of `prepare` save

    rows = pq.read_table(table)
    kept = rows.filter([not included(str(subject)) for subject in rows["subject"].to_pylist()])
    if len(kept) < len(rows):
        write_atomically(table, lambda stream: pq.write_table(kept, stream))
    return len(rows) - len(kept)
