import os

import pytest

from cmr_ssl.preparation.cache import subject_file
from cmr_ssl.preparation.cached_subjects import CachedSubjects
from tests.caches import write_cache


def test_a_fingerprint_changes_with_the_file_and_who_is_missing_has_none(tmp_path):
    subjects = CachedSubjects(write_cache(tmp_path / "cache", {"900000001": (5, ())}))
    before = subjects.fingerprint("900000001")
    assert subjects.read("900000001").images.shape[0] == 5
    os.utime(subject_file(subjects.cache, "900000001"), ns=(1, 1))
    assert len(before) == 16
    assert subjects.fingerprint("900000001") not in ("", before)
    assert subjects.fingerprint("900000002") == ""
    with pytest.raises(ValueError, match="run `prepare` again"):
        subjects.read("900000002")
