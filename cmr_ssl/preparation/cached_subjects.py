"""The subjects of a cache, as the runner reads them."""

from dataclasses import dataclass
from pathlib import Path

from cmr_ssl.files import stamp
from cmr_ssl.preparation.cache import PreparedSubject, read_prepared, subject_file


@dataclass(frozen=True)
class CachedSubjects:
    """Prepared subjects of a cache."""

    cache: Path

    def fingerprint(self, subject: str) -> str:
        """Return a digest of the name, size and time of a subject's file, empty if it is missing."""
        path = subject_file(self.cache, subject)
        return stamp([(path.name, path.stat())]) if path.exists() else ""

    def read(self, subject: str) -> PreparedSubject:
        """Read a subject; raise ValueError if its file is missing or damaged, or MachineFault."""
        return read_prepared(self.cache, subject)
