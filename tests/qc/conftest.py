import pytest

from tests.caches import write_cache
from tests.preparation.checks.synthetic_planes import subject

SUBJECTS = {"900000001": {}, "900000002": {"late": {3: 4}}, "900000003": {"moved": {4: (14.0, 0.0, 0.0)}}}


@pytest.fixture(scope="session")
def checked(tmp_path_factory):
    """Return a cache of little hearts: a good one, one with a turned beat, one with a shifted slice, one rejected."""
    from cmr_ssl.files import digest
    from cmr_ssl.planes import LONG_AXIS
    from cmr_ssl.preparation.cache import write_subject
    from cmr_ssl.study import Finding
    from tests.caches import SETTINGS

    cache = tmp_path_factory.mktemp("checked") / "cache"
    found = [Finding("unreadable", "rejected", "sa", "the file <b>ends</b> early")]
    noted = [Finding("missing-frames", "repaired", "sa slice 2, 3", "2 frames are blank")]
    cohort = {name: (9, LONG_AXIS) for name in (*SUBJECTS, "900000004")}
    changes = {
        "s900000004": {"status": "rejected", "findings": found, "beat_ms": None},
        "s900000002": {"status": "repaired", "findings": noted},
    }
    write_cache(cache, cohort, **changes)
    for name, faults in SUBJECTS.items():
        write_subject(cache, name, subject(**faults), digest(SETTINGS))
    return cache
