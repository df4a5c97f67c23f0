import json

import numpy as np
import pandas as pd
import pytest

from cmr_ssl.cohort.cohort_table import COLUMNS, read_cohort, write_cohort
from cmr_ssl.journal import RECORDS, Record, to_line
from cmr_ssl.preparation.cache import COHORT, SETTINGS
from cmr_ssl.study import Finding

MENDED = Record(
    "b", "repaired", "new", "f", [Finding("x", "repaired", "sa slice 3", "mended"), Finding("y", "noted", "", "odd")]
)
SOUND = Record("a", "accepted", "new", "f", [], 12, 9, "sa,la_2ch", 50, True, 960.0, 1.8269, True)


@pytest.fixture
def cache(tmp_path):
    (tmp_path / SETTINGS).write_text(json.dumps({"digest": "new"}))
    (tmp_path / RECORDS).write_text(to_line(MENDED) + to_line(SOUND))
    return tmp_path


def test_one_row_a_subject_sorted_with_readable_reasons(cache):
    write_cohort(cache, "new", {"a", "b"})
    table = read_cohort(cache)
    assert list(table.columns) == list(COLUMNS)
    assert table["subject"].tolist() == ["a", "b"]
    assert table["reasons"].tolist() == ["", "sa slice 3: mended; odd"]
    facts = table[["status", "planes", "sa_slices", "views", "frames", "cine", "labelled"]].iloc[0]
    assert facts.tolist() == ["accepted", 12, 9, "sa,la_2ch", 50, True, True]
    assert table["beat_ms"].tolist() == pytest.approx([960, np.nan], nan_ok=True)


def test_subjects_that_left_the_source_leave_the_table_even_if_all_did(cache):
    write_cohort(cache, "new", {"a"})
    assert read_cohort(cache)["subject"].tolist() == ["a"]
    write_cohort(cache, "new", set())
    assert len(read_cohort(cache)) == 0


def test_a_name_that_is_no_text_can_stand_in_the_table(cache):
    (cache / RECORDS).write_text(to_line(Record("x\udcff", "rejected", "new", "f")))
    write_cohort(cache, "new", {"x\udcff"})
    assert read_cohort(cache)["subject"].tolist() == ["x\\udcff"]


def test_what_is_no_cache_says_how_to_make_one_and_an_interrupted_one_how_far_it_came(cache, tmp_path):
    for folder, said in ((tmp_path / "nothing", r"no prepared cache.*prepare"), (cache, r"after 2 subjects.*prepare")):
        with pytest.raises(FileNotFoundError, match=said):
            read_cohort(folder)


def test_a_damaged_or_foreign_table_is_refused(cache):
    write_cohort(cache, "new", {"a", "b"})
    (cache / SETTINGS).write_text(json.dumps({"digest": "other"}))
    with pytest.raises(ValueError, match="does not belong"):
        read_cohort(cache)
    pd.DataFrame({"subject": ["a"]}).to_parquet(cache / COHORT)
    with pytest.raises(ValueError, match=r"columns.*missing"):
        read_cohort(cache)
    (cache / COHORT).write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"cannot be read"):
        read_cohort(cache)
