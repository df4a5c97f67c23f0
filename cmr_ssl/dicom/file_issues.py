"""Defects of files: one finding with a count for each kind, not one a file."""

from collections import Counter

from cmr_ssl.study import Finding

LONGEST_NAME = 80


class FileIssues:
    """Counts what is wrong with files by kind, with the first file of each kind as the example."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, str]] = {}
        self._count: Counter[str] = Counter()

    def add(self, code: str, name: str, sentence: str) -> None:
        """Count one file: the finding code, the file's name, and a sentence that continues the name."""
        self._first.setdefault(code, (printable(name), sentence))
        self._count[code] += 1

    def findings(self) -> list[Finding]:
        """Return one finding a kind, whose value is the number of files."""
        findings = []
        for code, (name, sentence) in self._first.items():
            count = self._count[code]
            more = f" (the first of {count} such files)" if count > 1 else ""
            findings.append(Finding(code, "noted", "", f"{name} {sentence}{more}", count))
        return findings


def printable(name: str) -> str:
    """Return a name that is printable and short, however hostile it was."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in name)
    return clean if len(clean) <= LONGEST_NAME else f"...{clean[-LONGEST_NAME:]}"
