from collections import Counter

import pandas as pd
import pytest

from cmr_ssl.cohort.splits import hashed_split, split_cohort

FRACTIONS = (0.8, 0.1, 0.1)


def cohort(count, **columns):
    return pd.DataFrame({"subject": [str(900000000 + k) for k in range(count)], **columns})


def test_a_subject_stays_in_its_split_for_ever_whoever_comes_and_goes():
    assert [hashed_split(str(900000080 + k), FRACTIONS) for k in (2, 12, 14)] == ["val"] * 3
    few, many = (split_cohort(cohort(count), FRACTIONS, None) for count in (50, 500))
    assert few.tolist() == many[:50].tolist()
    assert split_cohort(cohort(500)[::-1], FRACTIONS, None)[::-1].tolist() == many.tolist()


def test_splits_have_about_the_sizes_asked_for():
    counts = Counter(split_cohort(cohort(4000), FRACTIONS, None))
    assert counts == pytest.approx({"train": 3200, "val": 400, "test": 400}, abs=95)  # five deviations, of 3200 four


def test_a_column_decides_where_it_is_named():
    table = cohort(4, site=["test", "train", "val", None])
    split = split_cohort(table, FRACTIONS, "site")
    assert split[:3].tolist() == ["test", "train", "val"]
    assert split[3] not in {"train", "val", "test"}


@pytest.mark.parametrize("fractions", [(0.8, 0.1, 0.2), (1.2, -0.1, -0.1), (0.0, 0.0, 0.0)])
def test_fractions_that_are_no_fractions_are_refused(fractions):
    with pytest.raises(ValueError, match="must be positive and add up to 1"):
        split_cohort(cohort(3), fractions, None)


def test_a_missing_column_is_named_with_those_there_are_and_one_that_says_something_else_is_quoted():
    with pytest.raises(ValueError, match="no column 'fold' to split by; it has subject, site"):
        split_cohort(cohort(1, site=["train"]), FRACTIONS, "fold")
    with pytest.raises(ValueError, match="'site' of the cohort table says 'trian'"):
        split_cohort(cohort(2, site=["train", "trian"]), FRACTIONS, "site")
