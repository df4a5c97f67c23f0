"""Seeds of random numbers for each subject, epoch and purpose.

Random numbers of a subject are independent of the batch, rank, worker and history. So ranks and workers differ, a run
is reproducible, and a resumed run continues as if it had not been interrupted.
"""

from collections.abc import Sequence
from hashlib import blake2b


def seed_of(*parts: object) -> int:
    """Return a stable 63-bit seed of the parts' texts."""
    digest = blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def subject_seeds(subjects: Sequence[str], *parts: object) -> list[int]:
    """Return one seed for each subject of a batch."""
    return [seed_of(*parts, subject) for subject in subjects]
