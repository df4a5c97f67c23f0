"""Ten thousand files with the same defect are one finding with a count, not ten thousand findings."""

from cmr_ssl.study import Finding

LONGEST_NAME = 80


class FileIssues:
    """Counts what happened to files, one line a kind, with the first file of each kind as the example."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, str]] = {}
        self._count: dict[str, int] = {}

    def add(self, code: str, name: str, sentence: str) -> None:
        """Count one file: the code of what happened, the file's name, and a sentence that goes on from the name."""
        self._first.setdefault(code, (printable(name), sentence))
        self._count[code] = self._count.get(code, 0) + 1

    def findings(self) -> list[Finding]:
        """Return one finding a kind, its value being the number of files."""
        return [self._finding(code) for code in self._first]

    def _finding(self, code: str) -> Finding:
        (name, sentence), count = self._first[code], self._count[code]
        more = f" (the first of {count} such files)" if count > 1 else ""
        return Finding(code, "noted", "", f"{name} {sentence}{more}", count)


def printable(name: str) -> str:
    """Return a name as it can stand in one line of a table, however hostile: printable and not too long."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in name)
    return clean if len(clean) <= LONGEST_NAME else f"...{clean[-LONGEST_NAME:]}"
