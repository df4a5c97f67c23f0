"""Defects of files: one finding with a count for each kind, not one a file."""

from collections import Counter

from cmr_ssl.study import Finding, Severity

LONGEST_NAME = 80
A_CINE = 8  # images; where as many are lost, a slice or a view may be
LOSSES = {
    "compression", "damaged-header", "damaged-member", "deflated", "encrypted", "link", "long-header", "matrix",
    "multi-frame", "no-place", "pixel-format", "too-large",
}  # fmt: skip


class FileIssues:
    """Counts what is wrong with files by kind, with the first file of each kind as the example.

    A few images that cannot be used are noted. As many as a cine has are a loss: the study is then never accepted.
    """

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, str]] = {}
        self._count: Counter[str] = Counter()
        self._images: Counter[str] = Counter()

    def add(self, code: str, name: str, sentence: str, images: int = 1) -> None:
        """Count one file.

        Args:
            code: of the finding.
            name: of the file.
            sentence: what continues the name.
            images: number of images in the file.
        """
        self._first.setdefault(code, (printable(name), sentence))
        self._count[code] += 1
        self._images[code] += images

    def findings(self) -> list[Finding]:
        """Return one finding a kind, whose value is the number of files."""
        findings = []
        for code, (name, sentence) in self._first.items():
            count = self._count[code]
            more = f" (the first of {count} such files)" if count > 1 else ""
            severity: Severity = "rejected" if code in LOSSES and self._images[code] >= A_CINE else "noted"
            findings.append(Finding(code, severity, "", f"{name} {sentence}{more}", count))
        return findings


def printable(name: str) -> str:
    """Return a name that is printable and short, however hostile it was."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in name)
    return clean if len(clean) <= LONGEST_NAME else f"...{clean[-LONGEST_NAME:]}"
